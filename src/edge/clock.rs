//! Time and randomness.

use std::time::Duration;

use crate::ports::{Clock, Secret};
use crate::time::Millis;

/// The isolate's clock.
#[derive(Clone, Copy, Debug)]
pub(super) struct IsolateClock;

impl Clock for IsolateClock {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "whole, and after 1970")]
    fn now(&self) -> Millis {
        js_sys::Date::now() as Millis
    }

    async fn sleep(&self, span: Millis) {
        worker::Delay::from(Duration::from_millis(span)).await;
    }

    fn random(&self) -> [u8; 16] {
        let mut bytes = [0; 16];
        // Fails only without Web Crypto, which Workers have. Zeros make ids that collide, which Postgres refuses.
        let _ = getrandom::getrandom(&mut bytes);
        bytes
    }

    fn secret(&self) -> Option<Secret> {
        let mut bytes = Secret::default();
        getrandom::getrandom(&mut bytes).ok().map(|()| bytes)
    }
}
