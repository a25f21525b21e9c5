//! Instruments: what is counted, under which name and attributes, and its series.

use super::super::ids::current_trace_parent;
use crate::propagation::TraceParent;
use std::collections::BTreeMap;
use std::ops::Deref;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::SystemTime;

/// Series of one instrument; further ones are counted together, as `otel.metric.overflow`.
const MAX_SERIES: usize = 1_000;

/// The value of a series' attribute.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Label {
    /// The series does not have the attribute.
    Absent,
    Word(&'static str),
    Text(Arc<str>),
    Number(i64),
}

impl From<&'static str> for Label {
    fn from(word: &'static str) -> Self {
        Self::Word(word)
    }
}

impl From<Option<&'static str>> for Label {
    fn from(word: Option<&'static str>) -> Self {
        word.map_or(Self::Absent, Self::Word)
    }
}

/// How values of an instrument add up.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Kind {
    /// Only grows.
    Counter,
    /// A sum that grows and shrinks, such as open connections.
    UpDownCounter,
    /// The last value counts.
    Gauge,
    /// Values by upper bounds.
    Histogram(&'static [f64]),
}

/// A metric by OpenTelemetry's name, and what else it is known as.
#[derive(Debug, Clone, Copy)]
pub struct Definition {
    pub name: &'static str,
    pub unit: &'static str,
    pub kind: Kind,
    pub description: &'static str,
    /// In the order in which values are given.
    pub attributes: &'static [&'static str],
    pub also: &'static [Also],
}

/// A metric with its series.
#[derive(Debug)]
pub struct Instrument {
    definition: Definition,
    series: RwLock<BTreeMap<Box<[Label]>, Arc<Series>>>,
}

/// The same values under another name: what dashboards made for the first board read.
#[derive(Debug)]
pub struct Also {
    /// As Prometheus has it.
    pub name: &'static str,
    pub description: &'static str,
    /// How many values there were, as a counter, instead of the histogram itself.
    pub count: bool,
    pub attributes: &'static [(&'static str, Source)],
}

/// Which of the instrument's attributes another name's attribute is.
#[derive(Debug, Clone, Copy)]
pub enum Source {
    Attribute(usize),
    /// `success` where the attribute is absent, else `error`.
    Outcome(usize),
}

/// The values of one instrument with the same attributes.
#[derive(Debug)]
pub struct Series {
    kind: Kind,
    values: Mutex<Values>,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Values {
    Number(f64),
    Distribution(Distribution),
}

#[derive(Debug, Clone, PartialEq)]
pub struct Distribution {
    /// By bound, and beyond the last one; each value in one of them.
    pub counts: Box<[u64]>,
    pub sum: f64,
    /// The last value of each with the trace it was seen in.
    pub exemplars: Box<[Option<Exemplar>]>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Exemplar {
    pub value: f64,
    pub seen: TraceParent,
    pub at: SystemTime,
}

impl Definition {
    pub(super) const fn by(self, attributes: &'static [&'static str]) -> Self {
        Self { attributes, ..self }
    }

    pub(super) const fn also(self, also: &'static [Also]) -> Self {
        Self { also, ..self }
    }

    pub(super) const fn instrument(self) -> Instrument {
        Instrument { definition: self, series: RwLock::new(BTreeMap::new()) }
    }
}

/// A metric without attributes, so far.
pub(super) const fn define(
    name: &'static str,
    unit: &'static str,
    kind: Kind,
    description: &'static str,
) -> Definition {
    Definition { name, unit, kind, description, attributes: &[], also: &[] }
}

impl Deref for Instrument {
    type Target = Definition;

    fn deref(&self) -> &Definition {
        &self.definition
    }
}

impl Instrument {
    /// The series with these attributes, as many as the instrument has.
    pub fn with(&self, attributes: &[Label]) -> Arc<Series> {
        debug_assert_eq!(attributes.len(), self.attributes.len(), "{}", self.name);
        if let Some(series) = self.series.read().unwrap_or_else(PoisonError::into_inner).get(attributes) {
            return Arc::clone(series);
        }
        let mut all = self.series.write().unwrap_or_else(PoisonError::into_inner);
        let full = all.len() >= MAX_SERIES && !all.contains_key(attributes);
        // No attributes at all: those who read know it as what was too much.
        let key = if full { Box::default() } else { attributes.into() };
        Arc::clone(all.entry(key).or_insert_with(|| Arc::new(Series::new(self.kind))))
    }

    /// All series with their values at this moment, in order.
    pub fn read(&self) -> Vec<(Box<[Label]>, Values)> {
        let all = self.series.read().unwrap_or_else(PoisonError::into_inner);
        all.iter().map(|(attributes, series)| (attributes.clone(), series.lock().clone())).collect()
    }
}

impl Also {
    pub(super) fn kind(&self, instrument: &Instrument) -> Kind {
        if self.count { Kind::Counter } else { instrument.kind }
    }

    /// The instrument's series under this name, those with the same attributes joined; without attributes, those beyond
    /// the bound.
    pub(super) fn read(
        &self,
        instrument: &Instrument,
        series: &[(Box<[Label]>, Values)],
    ) -> BTreeMap<Vec<(&'static str, Label)>, Values> {
        let mut joined = BTreeMap::new();
        for (labels, values) in series {
            let attribute = |(name, source): &(&'static str, Source)| {
                let value = match source {
                    Source::Attribute(at) => labels.get(*at)?.clone(),
                    Source::Outcome(at) if *labels.get(*at)? == Label::Absent => Label::Word("success"),
                    Source::Outcome(_) => Label::Word("error"),
                };
                Some((*name, value))
            };
            let attributes = self.attributes.iter().map(attribute).collect::<Option<_>>().unwrap_or_default();
            let all = joined.entry(attributes).or_insert_with(|| Values::none(self.kind(instrument)));
            match values {
                Values::Distribution(of) if self.count => all.join(&Values::Number(of.count() as f64)),
                same => all.join(same),
            }
        }
        joined
    }
}

impl Values {
    fn none(kind: Kind) -> Self {
        match kind {
            Kind::Histogram(bounds) => Self::Distribution(Distribution {
                counts: vec![0; bounds.len() + 1].into(),
                sum: 0.0,
                exemplars: vec![None; bounds.len() + 1].into(),
            }),
            Kind::Counter | Kind::UpDownCounter | Kind::Gauge => Self::Number(0.0),
        }
    }

    /// Adds the values of another series.
    fn join(&mut self, other: &Self) {
        match (self, other) {
            (Self::Number(sum), Self::Number(more)) => *sum += more,
            (Self::Distribution(all), Self::Distribution(more)) => {
                all.sum += more.sum;
                all.counts.iter_mut().zip(&more.counts).for_each(|(count, more)| *count += more);
                all.exemplars.iter_mut().zip(&more.exemplars).for_each(|(kept, other)| *kept = kept.or(*other));
            }
            (Self::Number(_), Self::Distribution(_)) | (Self::Distribution(_), Self::Number(_)) => {}
        }
    }
}

impl Distribution {
    #[must_use]
    pub fn count(&self) -> u64 {
        self.counts.iter().sum()
    }
}

impl Series {
    fn new(kind: Kind) -> Self {
        Self { kind, values: Mutex::new(Values::none(kind)) }
    }

    /// Of counters and sums.
    pub fn add(&self, more: f64) {
        if let Values::Number(number) = &mut *self.lock() {
            *number += more;
        }
    }

    /// Of gauges, and of sums that somebody else keeps.
    pub fn set(&self, value: f64) {
        if let Values::Number(number) = &mut *self.lock() {
            *number = value;
        }
    }

    /// Of histograms; the current span becomes the exemplar.
    pub fn observe(&self, value: f64) {
        self.observe_many(value, 1);
    }

    /// The same of so many that had the same value.
    pub fn observe_many(&self, value: f64, count: u64) {
        let exemplar = current_trace_parent().filter(|seen| seen.sampled);
        let exemplar = exemplar.map(|seen| Exemplar { value, seen, at: SystemTime::now() });
        let Kind::Histogram(bounds) = self.kind else { return };
        let bucket = bounds.partition_point(|bound| *bound < value);
        if let Values::Distribution(all) = &mut *self.lock() {
            all.counts[bucket] += count;
            all.sum += value * count as f64;
            all.exemplars[bucket] = exemplar.or(all.exemplars[bucket]);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Values> {
        self.values.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::{Instrument, Kind, Label, MAX_SERIES, Values, define};

    #[test]
    fn values_fall_into_the_bucket_whose_bound_they_do_not_exceed() {
        static SIZES: Instrument = define("sizes", "1", Kind::Histogram(&[1.0, 2.0]), "").instrument();
        let series = SIZES.with(&[]);
        for value in [0.5, 1.0, 1.5, 2.0, 2.5, 100.0] {
            series.observe(value);
        }
        let [(_, Values::Distribution(all))] = &SIZES.read()[..] else { panic!("one histogram") };
        assert_eq!((&*all.counts, all.count(), all.sum), (&[2, 2, 2][..], 6, 107.5));
    }

    #[test]
    fn series_are_bounded_and_those_beyond_are_counted_together() {
        static FLOOD: Instrument = define("flood", "1", Kind::Counter, "").by(&["x"]).instrument();
        for number in 0..3 * MAX_SERIES {
            FLOOD.with(&[Label::Number(number as i64)]).add(1.0);
        }
        let all = FLOOD.read();
        assert_eq!(all.len(), MAX_SERIES + 1);
        assert_eq!(all[0], (Box::default(), Values::Number(2.0 * MAX_SERIES as f64)));
    }
}
