use hashbrown::HashMap;
use std::sync::Arc;

/// Stands for a text in an [`Interner`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Symbol(u32);

/// Keeps each text once, for as long as something refers to it.
#[derive(Debug, Default)]
pub struct Interner {
    symbols: HashMap<Arc<str>, Symbol>,
    texts: Vec<Entry>,
    free: Vec<Symbol>,
    bytes: usize,
    recent: Recent,
}

/// Where texts were found last, once they are known: spans say the same again and again, and looking here takes a third of the time.
#[derive(Debug)]
struct Recent([Symbol; 256]);

impl Default for Recent {
    fn default() -> Self {
        Self([Symbol(u32::MAX); 256])
    }
}

impl Recent {
    /// Texts of the same length and ends share a place.
    fn place(&mut self, text: &str) -> &mut Symbol {
        let bytes = text.as_bytes();
        let ends = match (bytes.first_chunk(), bytes.last_chunk()) {
            (Some(first), Some(last)) => u64::from_le_bytes(*first) ^ u64::from_le_bytes(*last).rotate_left(23),
            _ => bytes.iter().fold(0, |all, byte| all << 8 | u64::from(*byte)),
        };
        let mixed = (ends ^ text.len() as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        &mut self.0[(mixed >> 56) as usize]
    }
}

#[derive(Debug, Default)]
struct Entry {
    text: Arc<str>,
    references: u32,
}

/// What a text costs beside its own bytes: allocation, counters, entry and table slot.
const OVERHEAD_BYTES: usize = 88;

impl Interner {
    /// The text's symbol, with one more reference to it.
    pub fn intern(&mut self, text: &str) -> Symbol {
        let recent = self.recent.place(text);
        if let Some(entry) = self.texts.get_mut(recent.0 as usize)
            && entry.references > 0
            && &*entry.text == text
        {
            entry.references += 1;
            return *recent;
        }
        if let Some(symbol) = self.symbols.get(text) {
            self.texts[symbol.0 as usize].references += 1;
            *recent = *symbol;
            return *symbol;
        }
        let text: Arc<str> = text.into();
        self.bytes += text.len() + OVERHEAD_BYTES;
        let entry = Entry { text: Arc::clone(&text), references: 1 };
        let symbol = if let Some(symbol) = self.free.pop() {
            self.texts[symbol.0 as usize] = entry;
            symbol
        } else {
            self.texts.push(entry);
            // The observatory's bounds keep the number of texts far below 2^32.
            Symbol(u32::try_from(self.texts.len() - 1).unwrap_or(u32::MAX))
        };
        self.symbols.insert(text, symbol);
        symbol
    }

    /// Takes one reference back; with the last one the text goes.
    pub fn release(&mut self, symbol: Symbol) {
        let entry = &mut self.texts[symbol.0 as usize];
        entry.references -= 1;
        if entry.references == 0 {
            let text = std::mem::take(entry).text;
            self.bytes -= text.len() + OVERHEAD_BYTES;
            self.symbols.remove(&text);
            self.free.push(symbol);
        }
    }

    pub fn text(&self, symbol: Symbol) -> &str {
        &self.texts[symbol.0 as usize].text
    }

    /// The text's symbol, if it is kept.
    pub fn find(&self, text: &str) -> Option<Symbol> {
        self.symbols.get(text).copied()
    }

    /// The symbols whose texts pass.
    pub fn matching(&self, passes: impl Fn(&str) -> bool) -> SymbolSet {
        SymbolSet(self.texts.iter().map(|entry| entry.references > 0 && passes(&entry.text)).collect())
    }

    /// About what all of it takes in memory.
    pub const fn bytes(&self) -> usize {
        self.bytes
    }
}

/// Some of an interner's symbols, until it changes.
#[derive(Debug)]
pub struct SymbolSet(Vec<bool>);

impl SymbolSet {
    pub fn contains(&self, symbol: Symbol) -> bool {
        self.0.get(symbol.0 as usize).is_some_and(|is_in| *is_in)
    }
}

#[cfg(test)]
mod tests {
    use super::Interner;
    use proptest::prelude::*;

    #[test]
    fn a_text_is_kept_once_and_goes_with_its_last_reference() {
        let mut interner = Interner::default();
        let (one, two) = (interner.intern("GET"), interner.intern("GET"));
        assert_eq!(one, two);
        interner.release(one);
        assert_eq!(interner.text(two), "GET");
        interner.release(two);
        assert_eq!(interner.find("GET"), None);
        assert_eq!(interner.bytes(), 0);
    }

    proptest! {
        #[test]
        fn texts_stay_right_whatever_comes_and_goes(steps in proptest::collection::vec(("[a-c]{0,2}|start-[ab]{1,2}-the-end", any::<bool>()), 0..100)) {
            let mut interner = Interner::default();
            let mut held = Vec::new();
            for (text, release) in steps {
                if release && !held.is_empty() {
                    let (symbol, _): (_, String) = held.remove(held.len() / 2);
                    interner.release(symbol);
                } else {
                    held.push((interner.intern(&text), text));
                }
                for (symbol, text) in &held {
                    prop_assert_eq!(interner.text(*symbol), text);
                }
            }
            for (symbol, _) in held {
                interner.release(symbol);
            }
            prop_assert_eq!(interner.bytes(), 0);
        }
    }
}
