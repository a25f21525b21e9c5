use std::collections::{HashSet, VecDeque};
use std::time::{Duration, Instant};

/// Numbers that were handed to the producer, and which of them the broker has.
#[derive(Default)]
pub(super) struct Sent {
    /// In the order in which they were handed over.
    open: VecDeque<(u64, Instant)>,
    /// Those of them that the broker has.
    taken: HashSet<u64>,
    /// Neither taken nor failed.
    under_way: usize,
    /// Some were refused: they have to be sent again.
    failed: bool,
}

impl Sent {
    /// Numbers only grow.
    pub(super) fn handed_over(&mut self, number: u64) {
        self.open.push_back((number, Instant::now()));
        self.under_way += 1;
    }

    pub(super) fn taken(&mut self, number: u64) {
        self.taken.insert(number);
        self.under_way = self.under_way.saturating_sub(1);
    }

    /// How long ago it was handed over; `None` once it is known that the broker has it and all before.
    pub(super) fn since(&self, number: u64) -> Option<Duration> {
        let at = self.open.binary_search_by_key(&number, |(number, _)| *number).ok()?;
        Some(self.open[at].1.elapsed())
    }

    /// Sending has to begin again for another reason.
    pub(super) fn fail(&mut self) {
        self.failed = true;
    }

    /// The oldest number that is not taken.
    pub(super) fn first(&self) -> Option<u64> {
        self.open.front().map(|(number, _)| *number)
    }

    pub(super) fn refused(&mut self) {
        self.failed = true;
        self.under_way = self.under_way.saturating_sub(1);
    }

    /// The number up to which the broker has everything, when that has changed.
    pub(super) fn all_taken(&mut self) -> Option<u64> {
        let mut up_to = None;
        while let Some(number) = self.first().filter(|number| self.taken.remove(number)) {
            up_to = Some(number);
            self.open.pop_front();
        }
        up_to
    }

    /// How many numbers there are from the oldest that is not taken.
    pub(super) fn open(&self) -> usize {
        self.open.len()
    }

    pub(super) const fn under_way(&self) -> usize {
        self.under_way
    }

    pub(super) const fn has_failed(&self) -> bool {
        self.failed
    }
}

#[cfg(test)]
mod tests {
    use super::Sent;

    #[test]
    fn what_is_taken_counts_once_everything_before_it_is() {
        let mut sent = Sent::default();
        (1..=4).for_each(|number| sent.handed_over(number));
        [2, 3].into_iter().for_each(|number| sent.taken(number));
        assert_eq!((sent.all_taken(), sent.under_way()), (None, 2));
        sent.taken(1);
        assert_eq!((sent.all_taken(), sent.all_taken(), sent.open()), (Some(3), None, 1));
        sent.refused();
        assert!(sent.has_failed() && sent.under_way() == 0 && sent.all_taken().is_none());
    }
}
