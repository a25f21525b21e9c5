use serde::{Deserialize, Serialize};

/// Which page of a list is wanted: `number` counts from 1, `limit` is 1..=100 rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct PageRequest {
    number: u64,
    limit: u32,
}

impl Default for PageRequest {
    fn default() -> Self {
        Self { number: 1, limit: Self::DEFAULT_LIMIT }
    }
}

impl PageRequest {
    pub const DEFAULT_LIMIT: u32 = 20;
    pub const MAX_LIMIT: u32 = 100;

    /// A bad page counts as 1, a limit outside 1..=100 as 20.
    #[must_use]
    pub fn new(number: u64, limit: u32) -> Self {
        let limit = if (1..=Self::MAX_LIMIT).contains(&limit) { limit } else { Self::DEFAULT_LIMIT };
        Self { number: number.max(1), limit }
    }

    /// The same, from the texts of a query string.
    #[must_use]
    pub fn parse(number: Option<&str>, limit: Option<&str>) -> Self {
        let number = number.and_then(|text| text.trim().parse().ok()).unwrap_or(1);
        let limit = limit.and_then(|text| text.trim().parse().ok()).unwrap_or(Self::DEFAULT_LIMIT);
        Self::new(number, limit)
    }

    #[must_use]
    pub const fn number(self) -> u64 {
        self.number
    }

    #[must_use]
    pub const fn limit(self) -> u32 {
        self.limit
    }

    /// How many rows come before this page.
    #[must_use]
    pub const fn offset(self) -> u64 {
        (self.number - 1).saturating_mul(self.limit as u64)
    }
}

/// Where a page stands in its list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pagination {
    pub page: u64,
    pub limit: u32,
    pub total: u64,
}

impl Pagination {
    #[must_use]
    pub const fn new(request: PageRequest, total: u64) -> Self {
        Self { page: request.number, limit: request.limit, total }
    }

    /// 0 when the list is empty.
    #[must_use]
    pub const fn total_pages(self) -> u64 {
        self.total.div_ceil(self.limit as u64)
    }

    #[must_use]
    pub const fn has_more(self) -> bool {
        self.page < self.total_pages()
    }
}

#[cfg(test)]
mod tests {
    use super::{PageRequest, Pagination};
    use proptest::prelude::*;

    #[test]
    fn bad_pages_and_limits_fall_back() {
        assert_eq!(PageRequest::parse(Some("-3"), Some("101")), PageRequest::default());
        assert_eq!(PageRequest::parse(Some("x"), None), PageRequest::default());
        assert_eq!(PageRequest::parse(Some("0"), Some("0")), PageRequest::default());
        assert_eq!(PageRequest::parse(Some("7"), Some("100")), PageRequest::new(7, 100));
    }

    #[test]
    fn an_empty_list_has_no_pages() {
        let pagination = Pagination::new(PageRequest::default(), 0);
        assert_eq!(pagination.total_pages(), 0);
        assert!(!pagination.has_more());
    }

    proptest! {
        #[test]
        fn pages_cover_the_list_exactly(total in 0_u64..1_000_000, limit in 1_u32..=100) {
            let pages = Pagination::new(PageRequest::new(1, limit), total).total_pages();
            let rows = (1..=pages).map(|n| {
                let offset = PageRequest::new(n, limit).offset();
                (total - offset).min(u64::from(limit))
            });
            prop_assert!(rows.clone().all(|n| n > 0));
            prop_assert_eq!(rows.sum::<u64>(), total);
        }

        #[test]
        fn no_page_number_overflows(number: u64, limit: u32) {
            let _ = PageRequest::new(number, limit).offset();
        }
    }
}
