//! Time and chance of the platform.

use std::time::Duration;

use pii::seal::Secret;

use crate::ports::Clock;
use crate::time::Millis;

/// The isolate's clock, which advances only with I/O.
#[derive(Clone, Copy, Debug)]
pub(super) struct EdgeClock;

impl Clock for EdgeClock {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "whole, and after 1970")]
    fn now(&self) -> Millis {
        js_sys::Date::now() as Millis
    }

    async fn sleep(&self, span: Millis) {
        worker::Delay::from(Duration::from_millis(span)).await;
    }

    fn random(&self) -> [u8; 16] {
        let mut bytes = [0; 16];
        // Fails only where there is no Web Crypto, which Workers always have; zeros then make ids collide in
        // Postgres, which refuses them, and nothing secret is made of these bytes.
        let _ = getrandom::getrandom(&mut bytes);
        bytes
    }

    fn secret(&self) -> Option<Secret> {
        let mut bytes = Secret::default();
        getrandom::getrandom(&mut bytes).ok().map(|()| bytes)
    }
}
