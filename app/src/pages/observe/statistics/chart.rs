//! A chart: title, key, axes, what is drawn, what the pointer tells, and the numbers as a table.

use super::lines::{self, Line};
use super::pieces::{Piece, pieces};
use super::scale::WHOLE;
use super::stacks::Kind;
use crate::components::numbers::percent;
use crate::text::use_text;
use leptos::prelude::*;
use model::Statistics;

/// The height of the area that is drawn on.
const HEIGHT: u32 = 200;
/// Where the labels below it stand.
const BELOW: u32 = HEIGHT + 18;

/// What a chart shows. Places are in hundredths of a percent of their axis.
#[derive(Debug, Clone, PartialEq)]
pub struct Chart {
    pub title: &'static str,
    /// What stands on the vertical axis, and in which unit.
    pub unit: String,
    pub levels: Vec<(u32, String)>,
    pub time_unit: String,
    pub times: Vec<(u32, String)>,
    /// What it shows, for readers who don't see it.
    pub essence: String,
    pub drawing: Drawing,
    /// For each column, its time and, in the order of `names`, its values; none where there is nothing to tell.
    pub columns: Vec<(String, Option<Vec<String>>)>,
    pub names: Vec<&'static str>,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Drawing {
    /// Kinds in the order of the chart's names, and their bars.
    Stacks(Vec<Kind>, Vec<Piece>),
    /// In the order of the chart's names.
    Lines(Vec<Line>),
}

impl Drawing {
    fn bars(&self) -> Vec<Piece> {
        match self {
            Self::Stacks(_, bars) => bars.clone(),
            Self::Lines(_) => Vec::new(),
        }
    }

    fn lines(&self) -> AnyView {
        match self {
            Self::Stacks(..) => ().into_any(),
            Self::Lines(all) => lines::area(all),
        }
    }
}

impl Chart {
    fn key(&self) -> AnyView {
        let names = self.names.iter().copied();
        let entries = match &self.drawing {
            Drawing::Stacks(kinds, _) => kinds.iter().zip(names).map(|(kind, name)| kind.key(name)).collect_view(),
            Drawing::Lines(lines) => lines.iter().zip(names).map(|(line, name)| line.key(name)).collect_view(),
        };
        entries.into_any()
    }

    /// What is told of each column, when the pointer is there.
    fn notes(&self) -> Vec<Piece> {
        let nothing = use_text().statistics().charts.nothing_here;
        let note = |(number, (at, values)): (usize, &(String, Option<Vec<String>>))| {
            let named = |values: &Vec<String>| {
                let named = self.names.iter().zip(values).map(|(name, value)| format!("{name} {value}"));
                named.collect::<Vec<_>>().join("\n")
            };
            let values = values.as_ref().map_or_else(|| nothing.to_owned(), named);
            Piece::Note { number, count: self.columns.len(), note: format!("{at}\n{values}") }
        };
        self.columns.iter().enumerate().map(note).collect()
    }

    fn rows(&self) -> Vec<Piece> {
        let row = |(number, (at, values)): (usize, &(String, Option<Vec<String>>))| {
            Some(Piece::Row(number, at.clone(), values.clone()?))
        };
        self.columns.iter().enumerate().filter_map(row).collect()
    }
}

/// Draws what `read` makes of the statistics, and again what changes of it.
pub fn draw(statistics: RwSignal<Statistics>, read: fn(&Statistics) -> Chart) -> AnyView {
    let words = &use_text().statistics().charts;
    let chart = Memo::new(move |_| statistics.with(read));
    let title = move || chart.with(|chart| chart.title);
    view! {
        <figure class="chart">
            <figcaption>
                <h2>{title}</h2>
                <ul class="legend">{chart.with_untracked(Chart::key)}</ul>
            </figcaption>
            <p class="axis" aria-hidden="true">{move || chart.with(|chart| chart.unit.clone())}</p>
            <svg class="plot" height=HEIGHT.to_string() role="img" aria-label=move || chart.with(|chart| chart.essence.clone())>
                <g class="levels">{move || chart.with(|chart| levels(&chart.levels))}</g>
                {move || chart.with(|chart| times(&chart.times))}
                <g class="stacks">{pieces(move || chart.with(|chart| chart.drawing.bars()))}</g>
                {move || chart.with(|chart| chart.drawing.lines())}
                <g class="columns">{pieces(move || chart.with(Chart::notes))}</g>
            </svg>
            <p class="axis time" aria-hidden="true">{move || chart.with(|chart| chart.time_unit.clone())}</p>
            <details class="numbers">
                <summary>{words.as_table} <span class="visually-hidden">" · " {title}</span></summary>
                {table(chart)}
            </details>
        </figure>
    }
    .into_any()
}

fn levels(levels: &[(u32, String)]) -> AnyView {
    let level = |(place, label): &(u32, String)| {
        let y = percent(WHOLE - place);
        view! {
            <line x2="100%" y1=y.clone() y2=y.clone()></line>
            <text x="-8" y=y dy="0.32em">{label.clone()}</text>
        }
        .into_any()
    };
    levels.iter().map(level).collect_view().into_any()
}

fn times(times: &[(u32, String)]) -> AnyView {
    let time = |(place, label): &(u32, String)| {
        view! { <text x=percent(*place) y=BELOW.to_string()>{label.clone()}</text> }.into_any()
    };
    let dense = times.len() > 6;
    view! { <g class="times" class:dense=dense>{times.iter().map(time).collect_view()}</g> }.into_any()
}

/// The numbers, for columns that have some.
fn table(chart: Memo<Chart>) -> AnyView {
    let words = &use_text().statistics().charts;
    let heading = |name: &&'static str| view! { <th scope="col" class="number">{*name}</th> }.into_any();
    let headings = chart.with_untracked(|chart| chart.names.iter().map(heading).collect_view());
    view! {
        <table class="lines">
            <caption class="visually-hidden">{move || chart.with(|chart| chart.title)}</caption>
            <thead>
                <tr>
                    <th scope="col">{words.time_column}</th>
                    {headings}
                </tr>
            </thead>
            <tbody>{pieces(move || chart.with(Chart::rows))}</tbody>
        </table>
    }
    .into_any()
}

/// Where each of `count` columns begins, and how wide it is.
pub fn column(number: usize, count: usize) -> (u32, u32) {
    let edge = |number: usize| (number * WHOLE as usize / count.max(1)) as u32;
    (edge(number), edge(number + 1) - edge(number))
}

#[cfg(test)]
mod tests {
    use super::column;

    #[test]
    fn columns_fill_the_width_without_gaps() {
        for count in [1, 7, 60, 97] {
            let columns: Vec<_> = (0..count).map(|number| column(number, count)).collect();
            assert!(columns.windows(2).all(|pair| pair[0].0 + pair[0].1 == pair[1].0));
            assert_eq!(columns.last().map(|(x, width)| x + width), Some(10_000));
        }
    }
}
