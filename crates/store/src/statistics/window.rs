use board::ports::REORDERED;

const WORD: u64 = 64;
const WORDS: usize = (REORDERED / WORD) as usize;

/// Which of a producer's numbers were counted: one bit for each of the last [`REORDERED`]; older ones count as counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Window {
    highest: u64,
    /// A number's bit is at its remainder by the window's size.
    bits: Box<[u64; WORDS]>,
}

impl Default for Window {
    fn default() -> Self {
        Self { highest: 0, bits: Box::new([0; WORDS]) }
    }
}

impl Window {
    /// From what [`Window::highest`] and [`Window::bytes`] told.
    pub(crate) fn stored(highest: u64, bytes: &[u8]) -> Self {
        let mut window = Self { highest, ..Self::default() };
        for (word, bytes) in window.bits.iter_mut().zip(bytes.chunks_exact(size_of::<u64>())) {
            *word = u64::from_le_bytes(bytes.try_into().unwrap_or_default());
        }
        window
    }

    pub(crate) const fn highest(&self) -> u64 {
        self.highest
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.bits.iter().flat_map(|word| word.to_le_bytes()).collect()
    }

    /// Whether this number is new; from now on it is not.
    pub(crate) fn admit(&mut self, number: u64) -> bool {
        if number > self.highest {
            // The numbers between were not seen.
            if number - self.highest >= REORDERED {
                self.bits.fill(0);
            } else {
                (self.highest + 1..number).for_each(|between| *self.word(between) &= !mask(between));
            }
            self.highest = number;
        } else if self.highest - number >= REORDERED || *self.word(number) & mask(number) != 0 {
            return false;
        }
        *self.word(number) |= mask(number);
        true
    }

    fn word(&mut self, number: u64) -> &mut u64 {
        &mut self.bits[(number / WORD) as usize % WORDS]
    }
}

const fn mask(number: u64) -> u64 {
    1 << (number % WORD)
}

#[cfg(test)]
mod tests {
    use super::{REORDERED, Window};
    use proptest::prelude::*;
    use std::collections::HashSet;

    #[test]
    fn each_number_is_new_once() {
        let mut window = Window::default();
        assert!(window.admit(1) && !window.admit(1));
        assert!(window.admit(5) && window.admit(3) && !window.admit(3) && !window.admit(5));
        assert!(window.admit(REORDERED + 3));
        assert!(window.admit(4) && !window.admit(3), "3 is older than the window, 4 is not");
    }

    proptest! {
        /// Numbers as a producer sends them: upwards, with some again and some late.
        #[test]
        fn the_window_knows_what_a_set_knows(steps in prop::collection::vec((1_u64..400, 0_u64..REORDERED / 2), 1..300)) {
            let (mut window, mut seen, mut at) = (Window::default(), HashSet::new(), 0_u64);
            for (forward, back) in steps {
                at += forward;
                for number in [at, at.saturating_sub(back).max(1)] {
                    let highest = seen.iter().copied().max().unwrap_or(0);
                    if highest < number + REORDERED {
                        prop_assert_eq!(window.admit(number), seen.insert(number), "{}", number);
                    }
                }
                window = Window::stored(window.highest(), &window.bytes());
            }
        }
    }
}
