/// Memory that is there for its weight.
#[derive(Default)]
pub struct Ballast(Vec<Vec<u8>>);

const MIB: usize = 1 << 20;

impl Ballast {
    /// Becomes so many MiB heavy. Written to, since a system gives no memory that nobody has touched.
    pub fn weigh(&mut self, mib: u32) {
        self.0.resize_with(mib as usize, || vec![1; MIB]);
        if mib == 0 {
            self.0 = Vec::new();
        }
    }
}
