//! The addresses an engine gives to its networks: its own, so that engines side by side never meet.

use crate::built;
use std::fs::{File, TryLockError};
use uuid::Uuid;

/// `10.X.Y.0/20`: sixteen networks of 250 containers. The first two bytes are never those of a default
/// (Docker has 172.17 and up, Podman 10.88 and 10.89).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AddressPool {
    second: u8,
    third: u8,
}

impl AddressPool {
    /// One that no other engine of this machine's checkout has, as long as the file is open.
    pub fn draw() -> anyhow::Result<(Self, File)> {
        std::fs::create_dir_all(built::folder())?;
        loop {
            let pool = Self::any();
            let file =
                File::create(built::folder().join(format!("pool-{}-{}.lock", pool.second, pool.third)))?;
            match file.try_lock() {
                Ok(()) => return Ok((pool, file)),
                Err(TryLockError::WouldBlock) => {}
                Err(TryLockError::Error(error)) => return Err(error.into()),
            }
        }
    }

    pub(super) fn any() -> Self {
        let [second, third, ..] = Uuid::new_v4().into_bytes();
        Self { second: 128 + second % 96, third: third & 0xf0 }
    }

    pub fn base(self) -> String {
        format!("10.{}.{}.0/20", self.second, self.third)
    }

    /// Does this address, such as `10.130.17.1/24`, lie in it?
    pub fn holds(self, address: &str) -> bool {
        let mut bytes = address.split(['.', '/']).map(str::parse::<u8>);
        let [Some(Ok(first)), Some(Ok(second)), Some(Ok(third))] = [bytes.next(), bytes.next(), bytes.next()]
        else {
            return false;
        };
        (first, second, third & 0xf0) == (10, self.second, self.third)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pool_knows_its_own_addresses() {
        let pool = AddressPool { second: 130, third: 0x10 };
        assert_eq!(pool.base(), "10.130.16.0/20");
        assert!(pool.holds("10.130.16.1/24") && pool.holds("10.130.31.254"));
        assert!(!pool.holds("10.130.32.1/24") && !pool.holds("10.131.16.1/24") && !pool.holds("fe80::1/64"));
    }

    #[test]
    fn no_pool_is_somebody_elses_default() {
        for _ in 0..1000 {
            let pool = AddressPool::any();
            assert!((128..224).contains(&pool.second) && pool.third.is_multiple_of(16), "{pool:?}");
        }
    }
}
