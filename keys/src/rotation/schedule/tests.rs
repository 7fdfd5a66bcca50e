use super::*;

fn ms(text: &str) -> i64 {
    text.parse::<jiff::Timestamp>().unwrap().as_millisecond()
}

fn text(at_ms: i64) -> String {
    jiff::Timestamp::from_millisecond(at_ms).unwrap().to_string()
}

const NOW: &str = "2026-03-10T12:00:00Z";

fn next(cron: &str, zone_name: &str, quiet: Option<&str>, from: &str) -> String {
    let quiet = quiet.map(|quiet| quiet_hours(quiet).unwrap());
    let schedule = Schedule::cron(cron, zone(zone_name).unwrap(), quiet, ms(NOW)).unwrap();
    text(schedule.after(ms(from)).unwrap())
}

#[test]
fn expressions_have_five_fields_or_six_and_are_of_a_time_zone() {
    assert_eq!(next("0 3 * * *", "UTC", None, NOW), "2026-03-11T03:00:00Z");
    assert_eq!(next("30 0 3 * * *", "UTC", None, NOW), "2026-03-11T03:00:30Z");
    assert_eq!(next("0 3 * * MON", "Europe/Zurich", None, NOW), "2026-03-16T02:00:00Z");
    assert_eq!(next("@daily", "UTC", None, NOW), "2026-03-11T00:00:00Z");
    // Parts of a second are none of the answer's.
    assert_eq!(next("0 3 * * *", "UTC", None, "2026-03-11T02:59:59.750Z"), "2026-03-11T03:00:00Z");
    assert_eq!(next("0 3 * * *", "UTC", None, "2026-03-11T03:00:00.001Z"), "2026-03-12T03:00:00Z");
    // Two in the morning is left out on this day in Zurich, and comes twice on the other.
    assert_eq!(next("30 2 * * *", "Europe/Zurich", None, "2026-03-28T12:00:00Z"), "2026-03-29T01:00:00Z");
    assert_eq!(next("30 2 * * *", "Europe/Zurich", None, "2026-10-24T12:00:00Z"), "2026-10-25T00:30:00Z");
    assert_eq!(next("30 2 * * *", "Europe/Zurich", None, "2026-10-25T00:30:00Z"), "2026-10-26T01:30:00Z");
}

#[test]
fn what_never_comes_comes_all_the_time_or_is_written_wrongly_is_refused_in_words() {
    for (cron, word) in [
        ("0 0 31 2 *", "never comes"),
        ("0 0 30 FEB *", "never comes"),
        ("0 3 * *", "has 4 fields"),
        ("0 0 3 * * * 2027", "has 7 fields"),
        ("", "has 0 fields"),
        ("*/5 * * * * *", "every 5 s"),
        ("* 0 3 * * *", "\"0 3 * * *\""),
        ("0 0 45 * *", "read as minute, hour, day"),
        ("61 * * * *", "read as minute"),
        ("soon or later or not", "is no cron"),
        ("a\nb * * * *", "one line"),
    ] {
        let refused = Schedule::cron(cron, Tz::UTC, None, ms(NOW)).unwrap_err();
        assert!(refused.contains(word), "{cron}: {refused}");
    }
}

#[test]
fn a_refusal_tells_what_may_have_been_meant_and_when_that_would_come() {
    for (cron, told) in [
        (
            "0 30 3 * *",
            "\"0 30 3 * * *\" (six fields, seconds first) would next come at 2026-03-11 03:30:00, 2026-03-12 03:30:00, \
             2026-03-13 03:30:00 (Europe/Zurich)",
        ),
        (
            "*/5 * * * * *",
            "\"*/5 * * * *\" (five fields, minute first) would next come at 2026-03-10 13:05:00, 2026-03-10 13:10:00",
        ),
        ("30 3 1 * MON 9", "\"30 3 1 * MON\" (five fields, minute first) would next come at"),
        (
            "0 0 31 2 *",
            "\"0 0 L 2 *\" (L is a month's last day) would next come at 2027-02-28 00:00:00, 2028-02-29 00:00:00",
        ),
    ] {
        let refused = Schedule::cron(cron, zone("Europe/Zurich").unwrap(), None, ms(NOW)).unwrap_err();
        assert!(refused.contains(told), "{cron}: {refused}");
    }
    for nothing in ["soon or later or not", "0 0 45 * *", "0 3 * *", "0 61 31 2 *"] {
        let refused = Schedule::cron(nothing, Tz::UTC, None, ms(NOW)).unwrap_err();
        assert!(!refused.contains("would next"), "{refused}");
    }
    // Quiet hours are kept to in what is told as well.
    let refused = Schedule::cron("0 30 3 * *", Tz::UTC, quiet_hours("03:00-04:00"), ms(NOW)).unwrap_err();
    assert!(refused.contains("2026-03-11 04:00:00, 2026-03-12 04:00:00"), "{refused}");
}

#[test]
fn what_is_an_expression_either_way_is_refused_with_both_readings() {
    for (cron, hourly, daily) in [
        (
            "0 3 * * * *",
            "\"3 * * * *\" (five fields, minute first) would next come at 2026-03-10 12:03:00, \
             2026-03-10 13:03:00, 2026-03-10 14:03:00",
            "\"0 3 * * *\" (five fields, minute first) would next come at \
             2026-03-11 03:00:00, 2026-03-12 03:00:00, 2026-03-13 03:00:00",
        ),
        ("0 0 * * * *", "\"0 * * * *\"", "\"0 0 * * *\""),
        ("30 3 * 1 * *", "\"3 * 1 * *\"", "\"30 3 * 1 *\""),
    ] {
        let refused = Schedule::cron(cron, Tz::UTC, None, ms(NOW)).unwrap_err();
        assert!(refused.contains(hourly) && refused.contains(daily), "{cron}: {refused}");
    }
    for clear in
        ["0 30 * * * *", "0 * * * * *", "0 0 3 * * *", "0 3 0-23 * * *", "0 3 * * * MON", "3 * * * *"]
    {
        assert!(Schedule::cron(clear, Tz::UTC, None, ms(NOW)).is_ok(), "{clear}");
    }
}

#[test]
fn what_falls_into_quiet_hours_waits_for_their_end() {
    assert_eq!(next("0 3 * * *", "UTC", Some("22:00-06:30"), NOW), "2026-03-11T06:30:00Z");
    assert_eq!(next("0 23 * * *", "UTC", Some("22:00-06:30"), NOW), "2026-03-11T06:30:00Z");
    assert_eq!(next("0 13 * * *", "UTC", Some("08:00-18:00"), NOW), "2026-03-10T18:00:00Z");
    assert_eq!(next("0 19 * * *", "UTC", Some("08:00-18:00"), NOW), "2026-03-10T19:00:00Z");
    // The end of these quiet hours is left out on this day.
    assert_eq!(
        next("0 1 * * *", "Europe/Zurich", Some("00:30-02:15"), "2026-03-28T12:00:00Z"),
        "2026-03-29T01:15:00Z"
    );
    let days = Schedule::days(1, Tz::UTC, quiet_hours("11:00-13:00"));
    assert_eq!(text(days.after(ms(NOW)).unwrap()), "2026-03-11T13:00:00Z");
    assert!(Schedule::days(0, Tz::UTC, None).after(0).is_none());
    for wrong in ["", "22:00", "22-06", "25:00-06:00", "06:00-06:00", "1:70-2:00", "-1:00-2:00"] {
        assert!(quiet_hours(wrong).is_none(), "{wrong}");
    }
    assert_eq!(quiet_text(quiet_hours("7:05 - 22:00").unwrap()), "07:05-22:00");
}

#[test]
fn the_next_times_begin_with_the_one_that_is_planned() {
    let schedule = Schedule::cron("0 0 1 * *", Tz::UTC, None, ms(NOW)).unwrap();
    let planned = ms("2026-03-20T00:00:00Z");
    let times = schedule.upcoming(Some(planned), ms(NOW), 3);
    assert_eq!(
        times.iter().map(|at| text(*at)).collect::<Vec<_>>(),
        ["2026-03-20T00:00:00Z", "2026-04-01T00:00:00Z", "2026-05-01T00:00:00Z"]
    );
}
