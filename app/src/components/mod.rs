//! Parts that several pages use.

pub mod copy;
pub mod draft;
pub mod error;
pub mod form;
pub mod life;
pub mod loaded;
pub mod message;
pub mod numbers;
pub mod pager;
pub mod ribbon;
pub mod time;
pub mod waterfall;

pub use copy::CopyButton;
pub use error::{ActionError, ErrorNote, PageTrace};
pub use form::{FormAction, ServerForm};
pub use life::life;
pub use loaded::loaded;
pub use time::Time;
