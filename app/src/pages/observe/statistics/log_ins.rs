use super::chart::Chart;
use super::scale::Counts;
use super::stacks::{Kind, stacks};
use super::times::Times;
use crate::components::numbers::count;
use crate::text::use_text;
use model::{LogIns, Range, Statistics};

/// In the order of [`model::LogIn::ALL`], from the bottom.
const KINDS: [Kind; 4] = [Kind::Succeeded, Kind::Refused, Kind::Limited, Kind::Failed];

fn tries(log_ins: &LogIns) -> u64 {
    log_ins.by_outcome.iter().sum()
}

/// Wishes to log in by what became of them, over time.
pub fn chart(statistics: &Statistics) -> Chart {
    let words = use_text().statistics();
    let log_ins = &statistics.log_ins;
    // They are counted by the hour, of which one would say too little.
    let range = if statistics.range == Range::Hour { Range::Day } else { statistics.range };
    let since = log_ins.first().map_or(statistics.since, |first| first.at);
    let last = log_ins.last().map_or(statistics.until, |last| last.at);
    let times = Times::new(since, last.plus_seconds(statistics.log_in_step_minutes * 60), range);
    let axis = Counts::up_to(log_ins.iter().map(tries).max().unwrap_or(0));
    let counts: Vec<_> = log_ins.iter().map(|log_ins| log_ins.by_outcome).collect();
    let column = |log_ins: &LogIns| {
        let counts = (tries(log_ins) > 0).then(|| log_ins.by_outcome.map(count).to_vec());
        (times.name(log_ins.at), counts)
    };
    let essence = match log_ins.iter().any(|log_ins| tries(log_ins) > 0) {
        true => {
            let sum = |i: usize| count(log_ins.iter().map(|log_ins| log_ins.by_outcome[i]).sum());
            (words.log_ins.essence)(&sum(0), &sum(1), &sum(2), &sum(3))
        }
        false => words.log_ins.none.to_owned(),
    };
    Chart {
        title: (words.log_ins.title)(statistics.range),
        unit: (words.log_ins.unit)(&(words.every)(statistics.log_in_step_minutes)),
        levels: axis.levels(),
        time_unit: times.unit(),
        times: times.levels(),
        essence,
        drawing: stacks(KINDS, &counts, axis),
        columns: log_ins.iter().map(column).collect(),
        names: words.log_ins.outcomes.into(),
    }
}
