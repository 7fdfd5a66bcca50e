//! What a store answers beside what its model holds: endpoints and kinds of calls, models, and raw events.

use super::*;
use crate::usage::samples::Shown;

pub(super) fn compare_endpoints(
    usage: &Usage,
    model: &Model,
    api_key: Id,
    newest_ms: i64,
    asked: (i64, i64),
) {
    // From a month's first day through its newest call, and through one before that.
    let month_ms = i64::from(first_day(month_of(NOW_MS))) * DAY_MS;
    let of_month = [(month_ms, NOW_MS + HOUR_MS), (month_ms, NOW_MS - DAY_MS)];
    let mut spans = vec![(Grain::Day, (0, i64::MAX)), (Grain::Hour, (NOW_MS - 8 * DAY_MS, NOW_MS + HOUR_MS))];
    // A day that begins at half past an hour, and one that ends there.
    let half_ms = Grain::Hour.start_of(asked.0) + HOUR_MS / 2;
    spans.extend(
        [(half_ms, half_ms + DAY_MS), (half_ms - DAY_MS - HOUR_MS / 4, half_ms)]
            .map(|span| (Grain::Quarter, span)),
    );
    spans.extend(of_month.map(|span| (Grain::Day, span)));
    spans.extend(Grain::ALL.into_iter().chain([Grain::SixHours]).map(|grain| (grain, asked)));
    for (grain, (from_ms, to_ms)) in spans {
        let first_ms = if grain == Grain::Minute { from_ms.max(minutes_from(newest_ms)) } else { from_ms };
        let length_ms = grain.length_ms();
        let end_ms = to_ms.min(crate::usage::calendar::LAST_MS);
        // The cells that start within.
        let mut span = first_ms - first_ms % length_ms..(end_ms - 1) - (end_ms - 1) % length_ms + length_ms;
        if first_ms >= end_ms {
            span = 0..0;
        }
        let report = usage.endpoints(api_key, grain, from_ms, to_ms).unwrap();
        assert_eq!(report.kinds, model.kinds(api_key, &span), "{grain:?}");
        let mut by_cell: BTreeMap<(i64, Kind), Calls> = BTreeMap::new();
        if let Some(of) = usage.of(api_key).unwrap() {
            let mut shown = Shown::of(|_| true);
            of.each_kind(&CellRanges::one(grain, from_ms, to_ms), &mut shown).unwrap();
            by_cell = shown.sums();
            if grain == Grain::Hour {
                // They stand there twice.
                let mut shown = Shown::of(|_| true);
                let cells = CellRanges::hours_by_hour(std::iter::once(from_ms..to_ms));
                of.each_kind(&cells, &mut shown).unwrap();
                assert_eq!(shown.sums(), by_cell);
            }
        }
        assert_eq!(by_cell, model.kinds_by_cell(api_key, grain, &span), "{grain:?}");
        let calls: u64 = report.totals.iter().map(|sum| sum.cell.requests).sum();
        let cells = usage.cells(api_key, grain, from_ms, to_ms).unwrap();
        assert_eq!(calls, cells.iter().map(|(_, cell)| cell.requests).sum::<u64>());
        compare_sum(usage, api_key, grain, (from_ms, to_ms), cells);
        let sums = |sum: EndpointTotals| {
            let cell = sum.cell;
            (sum.endpoint.unwrap().to_string(), (cell.requests, cell.errors, cell.response_us))
        };
        let found: BTreeMap<_, _> = report.totals.into_iter().map(sums).collect();
        assert_eq!(found, model.endpoints(api_key, &span), "{grain:?}");
    }
}

/// Cells that are added up are those that are shown.
fn compare_sum(
    usage: &Usage,
    api_key: Id,
    grain: Grain,
    (from_ms, to_ms): (i64, i64),
    cells: Vec<(i64, Cell)>,
) {
    let Some(of) = usage.of(api_key).unwrap() else { return };
    let mut whole = Cell::default();
    cells.iter().for_each(|(_, cell)| whole.merge(cell));
    let expected: BTreeMap<_, _> = cells
        .into_iter()
        .map(|(start_ms, cell)| (start_ms, Cell { sketch: Default::default(), ..cell }))
        .collect();
    for wanted in [true, false] {
        let (mut sum, mut found) = (CellSum::default(), BTreeMap::<i64, Cell>::new());
        let show = |start_ms, cell: &Cell| found.entry(start_ms).or_default().merge_sums(cell);
        let mut cells = CellRanges::one(grain, from_ms, to_ms);
        if grain == Grain::Hour && !wanted {
            cells = CellRanges::hours_by_hour(std::iter::once(from_ms..to_ms));
        }
        of.add_cells(&cells, wanted.then_some(&mut sum), show).unwrap();
        assert_eq!(found, expected, "{grain:?}");
        assert_eq!(sum.cell(), if wanted { whole.clone() } else { Cell::default() }, "{grain:?}");
    }
}

pub(super) fn compare_models(usage: &Usage, model: &Model, api_key: Id) {
    for grain in [Grain::Quarter, Grain::Hour, Grain::Day] {
        for (from_ms, to_ms) in [(0, i64::MAX), (NOW_MS - 8 * DAY_MS, NOW_MS + HOUR_MS)] {
            let told: Vec<_> = usage.models(api_key, grain, from_ms, to_ms).unwrap();
            let told = told.into_iter().map(|told| {
                let sums = (told.cell.requests, told.cell.errors, told.cell.input_tokens);
                ((told.start_ms, told.model.unwrap().to_string()), sums)
            });
            let from_ms = grain.start_of(from_ms);
            let expected = model.models(api_key, grain, from_ms..to_ms);
            assert_eq!(told.collect::<BTreeMap<_, _>>(), expected, "{grain:?}");
        }
    }
}

pub(super) fn compare_events(usage: &Usage, events: &[&UsageEvent], api_key: Id) {
    for (from_ms, to_ms, limit) in [(0, i64::MAX, usize::MAX), (NOW_MS - DAY_MS, NOW_MS + 50_000, 7)] {
        let mut expected: Vec<_> =
            events.iter().filter(|event| (from_ms..to_ms).contains(&event.at_ms)).collect();
        expected.sort_by_key(|event| std::cmp::Reverse(event.at_ms));
        expected.truncate(limit);
        let found = usage.events(api_key, from_ms, to_ms, limit).unwrap();
        let times = |event: &UsageEvent| event.at_ms;
        assert_eq!(
            found.iter().map(times).collect::<Vec<_>>(),
            expected.iter().map(|e| e.at_ms).collect::<Vec<_>>()
        );
        if limit == usize::MAX {
            let tally = |event: &UsageEvent| {
                (
                    event.at_ms,
                    format!(
                        "{:?}",
                        UsageEvent { event_id: None, reporter: Reporter::default(), ..event.clone() }
                    ),
                )
            };
            let mut counts: HashMap<_, i64> = HashMap::new();
            found.iter().for_each(|event| *counts.entry(tally(event)).or_default() += 1);
            expected.iter().for_each(|event| *counts.entry(tally(event)).or_default() -= 1);
            assert!(counts.values().all(|count| *count == 0));
        }
    }
}
