use super::chart::Chart;
use super::scale::Counts;
use super::stacks::{Kind, stacks};
use super::times::Times;
use crate::components::numbers::count;
use crate::text::use_text;
use model::{Slice, Statistics};

/// From the bottom.
pub const KINDS: [Kind; 3] = [Kind::Succeeded, Kind::Refused, Kind::Failed];

const fn by_kind(slice: &Slice) -> [u64; 3] {
    [slice.succeeded, slice.refused, slice.failed]
}

fn calls_of(slice: &Slice) -> u64 {
    by_kind(slice).into_iter().sum()
}

/// Calls by how they ended, over time.
pub fn chart(statistics: &Statistics) -> Chart {
    let words = use_text().statistics();
    let slices = &statistics.slices;
    let times = Times::new(statistics.since, statistics.until, statistics.range);
    let axis = Counts::up_to(slices.iter().map(calls_of).max().unwrap_or(0));
    let counts: Vec<_> = slices.iter().map(by_kind).collect();
    let column = |slice: &Slice| {
        let counts = (calls_of(slice) > 0).then(|| by_kind(slice).map(count).to_vec());
        (times.name(slice.at), counts)
    };
    Chart {
        title: words.charts.calls,
        unit: (words.charts.calls_unit)(&(words.every)(statistics.step_minutes)),
        levels: axis.levels(),
        time_unit: times.unit(),
        times: times.levels(),
        essence: essence(statistics, times),
        drawing: stacks(KINDS, &counts, axis),
        columns: slices.iter().map(column).collect(),
        names: vec![words.succeeded, words.refused, words.failed],
    }
}

fn essence(statistics: &Statistics, times: Times) -> String {
    let words = use_text().statistics();
    let busiest = statistics.slices.iter().filter(|slice| calls_of(slice) > 0).max_by_key(|slice| calls_of(slice));
    let Some(busiest) = busiest else { return words.empty.to_owned() };
    let sum = |of: fn(&Slice) -> u64| count(statistics.slices.iter().map(of).sum());
    (words.charts.calls_essence)(
        &count(statistics.calls),
        &sum(|slice| slice.refused),
        &sum(|slice| slice.failed),
        &count(calls_of(busiest)),
        &times.name(busiest.at),
    )
}
