//! `keyward alerts backtest`: a table of readings in, the same with scores out, row by row, in memory that does not grow.
//! How a reading is judged is `keyward_keys::anomaly`'s.

mod result;

use std::fs::File;
use std::io::{self, BufWriter, Read, Write};
use std::path::Path;

use csv::StringRecord;
use jiff::civil::Time;
use jiff::fmt::temporal::Pieces;
use jiff::tz::TimeZone;
use keyward_keys::anomaly::Detector;

use crate::args::{Backtest, Common};
use crate::error::{Error, Result};
use crate::output;
use result::Sheet;

/// Writes each row of the table with its score to standard output.
///
/// # Errors
/// The file cannot be read, has no such columns, or a row is not what it should be.
pub fn backtest(common: &Common, backtest: &Backtest) -> Result<()> {
    let path = &backtest.csv;
    let out = BufWriter::new(io::stdout().lock());
    let missing = if path == Path::new("-") {
        judge("standard input", io::stdin().lock(), out, common.json)?
    } else {
        let failed = |source| Error::File { path: path.clone(), doing: "read", source };
        judge(&path.to_string_lossy(), File::open(path).map_err(failed)?, out, common.json)?
    };
    if missing > 0 {
        output::talk(&format!(
            "rows without a reading, which score 0 and are otherwise left aside: {missing}"
        ));
    }
    Ok(())
}

/// Judges every row, up to the first that is wrong, and answers how many have no reading.
fn judge(name: &str, input: impl Read, out: impl Write, json: bool) -> Result<u64> {
    let mut reader = csv::Reader::from_reader(input);
    let columns = columns(name, &mut reader)?;
    let done = Sheet::begin(out, json).map_err(Error::Output).and_then(|mut sheet| {
        let judged = rows(name, &mut reader, columns, &mut sheet);
        sheet.end().map_err(Error::Output).and(judged)
    });
    match done {
        // A reader of the result that goes early is not our failure.
        Err(Error::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => Ok(0),
        done => done,
    }
}

/// Which columns hold the timestamp and the value.
fn columns(name: &str, reader: &mut csv::Reader<impl Read>) -> Result<(usize, usize)> {
    let header = reader.headers().map_err(|error| unreadable(name, &error))?;
    let column = |wanted: &str| header.iter().position(|name| name.trim().eq_ignore_ascii_case(wanted));
    column("timestamp").zip(column("value")).ok_or_else(|| Error::Table {
        name: name.to_owned(),
        line: 1,
        fault: "it must name the columns, and timestamp and value among them".to_owned(),
    })
}

fn rows<W: Write>(
    name: &str,
    reader: &mut csv::Reader<impl Read>,
    (timestamp, value): (usize, usize),
    sheet: &mut Sheet<W>,
) -> Result<u64> {
    let mut detector = Detector::default();
    let mut row = StringRecord::new();
    let mut missing = 0;
    while reader.read_record(&mut row).map_err(|error| unreadable(name, &error))? {
        let (timestamp, value) = (&row[timestamp], &row[value]);
        let wrong = |text: &str, advice: &str| Error::Table {
            name: name.to_owned(),
            line: row.position().map_or(0, csv::Position::line),
            fault: format!("{:?} {advice}", text.chars().take(40).collect::<String>()),
        };
        let at = wall_clock(timestamp.trim())
            .ok_or_else(|| wrong(timestamp, "is no timestamp; write it as 2026-03-01 09:30:00"))?;
        let reading = reading(value.trim())
            .ok_or_else(|| wrong(value, "is no number; leave it empty where there is no reading"))?;
        missing += u64::from(!reading.is_finite());
        let verdict = detector.observe(at, reading);
        sheet.row(timestamp, value, reading, &verdict).map_err(Error::Output)?;
    }
    Ok(missing)
}

/// Seconds since 1970 of what a clock on the wall shows. An offset is left aside: hours are those of the people there.
fn wall_clock(text: &str) -> Option<i64> {
    if let Ok(number) = text.parse::<f64>() {
        // So far in seconds that it must be milliseconds.
        let seconds = if number.abs() >= 1e11 { number / 1000.0 } else { number };
        return seconds.is_finite().then_some(seconds as i64);
    }
    let pieces = Pieces::parse(text).ok()?;
    let moment = pieces.date().to_datetime(pieces.time().unwrap_or(Time::midnight()));
    Some(TimeZone::UTC.to_timestamp(moment).ok()?.as_second())
}

/// The number; not a number where there is no reading.
fn reading(text: &str) -> Option<f64> {
    let absent = text.is_empty() || ["null", "none", "na", "n/a"].contains(&text.to_lowercase().as_str());
    if absent { Some(f64::NAN) } else { text.parse().ok() }
}

fn unreadable(name: &str, error: &csv::Error) -> Error {
    let line = error.position().map_or(1, csv::Position::line);
    let fault = match error.kind() {
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
            format!("it has {len} columns where the first line names {expected_len}")
        }
        csv::ErrorKind::Utf8 { .. } => "it is not UTF-8 text".to_owned(),
        _ => format!("it cannot be read: {error}"),
    };
    Error::Table { name: name.to_owned(), line, fault }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(table: &str, json: bool) -> Result<(String, u64)> {
        let mut out = Vec::new();
        let missing = judge("a table", table.as_bytes(), &mut out, json)?;
        Ok((String::from_utf8(out).unwrap(), missing))
    }

    fn fault(table: &str) -> String {
        judged(table, false).unwrap_err().to_string()
    }

    #[test]
    fn rows_come_out_as_they_went_in() {
        let table = "\u{feff}Value,note,timestamp\n1.50,a,2026-03-01T09:30:00+02:00\n,b,2026-03-01 09:30\n\
            nan,c,1772357400\n1e400,d,2020-01-01\n-3,e,1772357400000\n";
        let (out, missing) = judged(table, false).unwrap();
        let expected = "timestamp,value,score\n2026-03-01T09:30:00+02:00,1.50,0.000000\n2026-03-01 09:30,,0.000000\n\
            1772357400,nan,0.000000\n2020-01-01,1e400,0.000000\n1772357400000,-3,0.000000\n";
        assert_eq!(out, expected);
        assert_eq!(missing, 3);
    }

    #[test]
    fn an_anomaly_has_its_reasons_in_the_document() {
        let mut table = "timestamp,value\n".to_owned();
        for i in 0..200 {
            table += &format!("{},{}\n", i * 300, if i == 150 { 900 } else { 100 + i % 7 });
        }
        let (out, _) = judged(&table, true).unwrap();
        let rows: Vec<serde_json::Value> = serde_json::from_str(&out).unwrap();
        assert_eq!(rows.len(), 200);
        let begins: Vec<_> = rows.iter().filter(|row| row["score"].as_f64().unwrap() >= 0.5).collect();
        assert_eq!(begins.len(), 1);
        assert_eq!(begins[0]["timestamp"], "45000");
        assert!(begins[0]["reasons"][0].as_str().unwrap().contains("x the usual"), "{}", begins[0]);
        assert_eq!(judged("timestamp,value\n", true).unwrap().0, "[]\n");
    }

    #[test]
    fn what_is_wrong_is_named_with_its_line() {
        assert!(fault("a,b\n1,2\n").starts_with("a table, line 1: it must name the columns"));
        assert!(fault("").starts_with("a table, line 1: it must name the columns"));
        let text = fault("timestamp,value\n2026-03-01,1\nyesterday,2\n");
        assert!(text.starts_with("a table, line 3: \"yesterday\" is no timestamp"), "{text}");
        let text = fault("timestamp,value\n2026-03-01,many\n");
        assert!(text.starts_with("a table, line 2: \"many\" is no number"), "{text}");
        assert!(fault("timestamp,value\n2026-03-01\n").contains("line 2: it has 1 columns"));
    }

    #[test]
    fn gaps_repetitions_and_rows_out_of_order_are_rows_and_none_is_judged_by_what_follows() {
        let mut table = "timestamp,value\n".to_owned();
        for i in 0..300_u64 {
            let at = match i {
                100 => 3_000_000,
                101 | 102 => 100 * 300,
                103..200 => (200 - i) * 300,
                _ => i * 300,
            };
            let value = match i % 50 {
                49 => "NaN".to_owned(),
                48 => "inf".to_owned(),
                47 => "1e308".to_owned(),
                step => step.to_string(),
            };
            table += &format!("{at},{value}\n");
        }
        let (whole, missing) = judged(&table, false).unwrap();
        assert_eq!((whole.lines().count(), missing), (301, 12));
        let scores = whole.lines().skip(1).map(|row| row.rsplit(',').next().unwrap().parse::<f64>().unwrap());
        assert!(scores.into_iter().all(|score| (0.0..=1.0).contains(&score)));
        for rows in [1, 99, 105, 250] {
            let prefix: String = table.split_inclusive('\n').take(rows + 1).collect();
            assert!(whole.starts_with(&judged(&prefix, false).unwrap().0), "{rows} rows");
        }
    }

    #[test]
    fn rows_before_a_bad_one_stand() {
        let mut out = Vec::new();
        judge("a table", "timestamp,value\n2026-03-01,1\n2026-03-02,x\n".as_bytes(), &mut out, false)
            .unwrap_err();
        assert_eq!(String::from_utf8(out).unwrap(), "timestamp,value,score\n2026-03-01,1,0.000000\n");
    }
}
