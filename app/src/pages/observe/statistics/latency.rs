use super::chart::{Chart, Drawing};
use super::lines::Line;
use super::scale::Decades;
use super::times::Times;
use crate::components::numbers::duration;
use crate::text::use_text;
use model::{Percentiles, Slice, Statistics};

/// The percentiles' names, which are the classes of their lines, too.
pub const NAMES: [&str; 3] = ["p50", "p95", "p99"];

pub const fn in_order(latency: Percentiles) -> [u64; 3] {
    [latency.p50_us, latency.p95_us, latency.p99_us]
}

/// What half, 95 % and 99 % of the calls stayed below, over time.
pub fn chart(statistics: &Statistics) -> Chart {
    let words = &use_text().statistics().charts;
    let times = Times::new(statistics.since, statistics.until, statistics.range);
    let slices = || statistics.slices.iter();
    let known = || slices().filter_map(|slice| slice.latency.map(in_order));
    let axis = Decades::around(known().flatten().min().unwrap_or(1_000), known().flatten().max().unwrap_or(1_000));
    let places = |i: usize| slices().map(|slice| Some(axis.place(in_order(slice.latency?)[i]))).collect::<Vec<_>>();
    let column =
        |slice: &Slice| (times.name(slice.at), slice.latency.map(|latency| in_order(latency).map(duration).to_vec()));
    let essence = match known().next_back() {
        Some(latest) => {
            let [p50, p95, p99] = latest.map(duration);
            (words.latency_essence)(&p50, &p95, &p99)
        }
        None => words.latency_unknown.to_owned(),
    };
    Chart {
        title: words.latency,
        unit: words.latency_unit.to_owned(),
        levels: axis.levels(),
        time_unit: times.unit(),
        times: times.levels(),
        essence,
        drawing: Drawing::Lines([0, 1, 2].map(|i| Line::new(NAMES[i], &places(i))).into()),
        columns: slices().map(column).collect(),
        names: NAMES.into(),
    }
}
