//! How often one principal, and one address, may ask.

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use governor::{
    DefaultKeyedRateLimiter, Quota,
    clock::{Clock, DefaultClock},
};
use pattern_config::ApiSettings;
use std::{
    hash::Hash,
    net::{IpAddr, Ipv6Addr},
    num::NonZeroU32,
    sync::Arc,
    time::Duration,
};
use tokio_util::sync::CancellationToken;

use crate::{client_address::ClientAddresses, problem::Problem};

/// So many seconds' requests may come at once: a page asks for much when it is opened.
const BURST_SECONDS: u32 = 10;
/// Sign-ins of one address that may be refused.
const REFUSALS_PER_MINUTE: NonZeroU32 = NonZeroU32::new(20).unwrap();
const FORGET_EVERY: Duration = Duration::from_secs(60);

/// Cheap to clone.
#[derive(Debug, Clone)]
pub struct Rates {
    principals: Option<Arc<DefaultKeyedRateLimiter<String>>>,
    addresses: Option<Arc<DefaultKeyedRateLimiter<IpAddr>>>,
    /// Of sign-ins that are refused.
    refusals: Arc<DefaultKeyedRateLimiter<IpAddr>>,
}

impl Rates {
    /// As configured; whom nothing was heard of for a while is forgotten, until `shutdown`.
    pub fn start(settings: &ApiSettings, shutdown: CancellationToken) -> Self {
        let rates = Self {
            principals: limiter(settings.rate_limit_per_second),
            addresses: limiter(settings.rate_limit_per_address_per_second),
            refusals: Arc::new(DefaultKeyedRateLimiter::keyed(Quota::per_minute(REFUSALS_PER_MINUTE))),
        };
        let forgetting = rates.clone();
        tokio::spawn(async move {
            while !shutdown.is_cancelled() {
                tokio::select! {
                    () = tokio::time::sleep(FORGET_EVERY) => {}
                    () = shutdown.cancelled() => {}
                }
                forgetting.refusals.retain_recent();
                if let Some(principals) = &forgetting.principals {
                    principals.retain_recent();
                }
                if let Some(addresses) = &forgetting.addresses {
                    addresses.retain_recent();
                }
            }
        });
        rates
    }

    pub fn take_of_principal(&self, name: &str) -> Result<(), Problem> {
        take(self.principals.as_deref(), &name.to_owned(), "api.rate_limit_per_second")
    }

    /// Nobody tries one key after the other, nor fills the audit log with it.
    pub fn take_refusal(&self, address: IpAddr) -> Result<(), Problem> {
        take(Some(&*self.refusals), &network(address), "a sign-in that fails again and again")
    }

    fn take_of_address(&self, address: IpAddr) -> Result<(), Problem> {
        take(self.addresses.as_deref(), &network(address), "api.rate_limit_per_address_per_second")
    }
}

fn limiter<K: Hash + Eq + Clone>(per_second: u32) -> Option<Arc<DefaultKeyedRateLimiter<K>>> {
    let rate = NonZeroU32::new(per_second)?;
    let burst = NonZeroU32::new(per_second.saturating_mul(BURST_SECONDS))?;
    Some(Arc::new(DefaultKeyedRateLimiter::keyed(Quota::per_second(rate).allow_burst(burst))))
}

fn take<K: Hash + Eq + Clone>(
    limiter: Option<&DefaultKeyedRateLimiter<K>>,
    key: &K,
    setting: &str,
) -> Result<(), Problem> {
    let Some(Err(not_until)) = limiter.map(|limiter| limiter.check_key(key)) else { return Ok(()) };
    let wait = not_until.wait_time_from(DefaultClock::default().now());
    Err(Problem::too_many(wait, format!("more requests than {setting} allows; come back later")))
}

/// Who has one IPv6 address has all of its network.
fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(address) => Ipv6Addr::from(u128::from(address) & !u128::from(u64::MAX)).into(),
    }
}

/// Whoever asks too often is turned away before it is found out who he is.
pub async fn not_too_often(
    State((rates, addresses)): State<(Rates, ClientAddresses)>,
    request: Request,
    next: Next,
) -> Response {
    let Some(address) = addresses.of(request.extensions(), request.headers()) else {
        return next.run(request).await;
    };
    match rates.take_of_address(address) {
        Ok(()) => next.run(request).await,
        Err(problem) => problem.into_response(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn who_asks_too_often_waits_and_others_do_not() {
        let settings = ApiSettings {
            rate_limit_per_second: 1,
            rate_limit_per_address_per_second: 1,
            ..ApiSettings::default()
        };
        let rates = Rates::start(&settings, CancellationToken::new());
        let refused = (0..20).filter(|_| rates.take_of_principal("anna").is_err()).count();
        assert!((9..=10).contains(&refused), "{refused} of 20");
        assert!(rates.take_of_principal("ben").is_ok());
        let problem = rates.take_of_principal("anna").expect_err("too often");
        assert_eq!(problem.status, 429);
        let mut same_network = (0..20_u16).map(|n| IpAddr::from([0x2001, 0xdb8, 0, 0, 0, 0, 0, n]));
        assert!(same_network.any(|address| rates.take_of_address(address).is_err()));
        assert!(rates.take_of_address(IpAddr::from([0x2001, 0xdb8, 0, 1, 0, 0, 0, 1])).is_ok());
    }
}
