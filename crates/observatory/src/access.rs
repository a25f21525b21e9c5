use crate::interner::{Interner, Symbol};

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Viewer {
    /// Sees everything.
    Operator,
    /// Sees the traces of this visitor cookie (its hash) and this session (its public id).
    Person { visitor: Option<String>, session: Option<String> },
}

/// A [`Viewer`] in the interner's terms: a text that no span carries can't match.
#[derive(Debug, Clone, Copy)]
pub enum Seer {
    Operator,
    Person { visitor: Option<Symbol>, session: Option<Symbol> },
}

impl Seer {
    pub fn new(viewer: &Viewer, interner: &Interner) -> Self {
        let find = |text: &Option<String>| text.as_deref().and_then(|text| interner.find(text));
        match viewer {
            Viewer::Operator => Self::Operator,
            Viewer::Person { visitor, session } => Self::Person { visitor: find(visitor), session: find(session) },
        }
    }
}

/// A log-in and a log-out in one trace already make three.
const MAX_SESSIONS: usize = 4;

/// Whose trace it is: the first visitor or session that a span of it names, and the further ones that come together
/// with these. Who comes later with other names learnt the trace's id somewhere, and gets no access by using it.
#[derive(Debug, Default)]
pub struct Owner {
    visitor: Option<Symbol>,
    /// From the first on.
    sessions: [Option<Symbol>; MAX_SESSIONS],
}

impl Owner {
    /// Adds the names that a span carries.
    pub fn claim(&mut self, visitor: Option<&str>, session: Option<&str>, interner: &mut Interner) {
        let is_free = self.visitor.is_none() && self.sessions[0].is_none();
        let names = |known: Option<Symbol>, text: Option<&str>| {
            known.zip(text).is_some_and(|(known, text)| interner.text(known) == text)
        };
        let is_known_session = self.sessions.iter().any(|known| names(*known, session));
        if !(is_free || names(self.visitor, visitor) || (self.visitor.is_none() && is_known_session)) {
            return;
        }
        if self.visitor.is_none() {
            self.visitor = visitor.map(|text| interner.intern(text));
        }
        if let Some(session) = session
            && !is_known_session
            && let Some(free) = self.sessions.iter_mut().find(|known| known.is_none())
        {
            *free = Some(interner.intern(session));
        }
    }

    pub fn admits(&self, seer: Seer) -> bool {
        match seer {
            Seer::Operator => true,
            Seer::Person { visitor, session } => {
                (visitor.is_some() && visitor == self.visitor)
                    || (session.is_some() && self.sessions.contains(&session))
            }
        }
    }

    pub fn release(self, interner: &mut Interner) {
        self.visitor.into_iter().chain(self.sessions.into_iter().flatten()).for_each(|symbol| interner.release(symbol));
    }
}
