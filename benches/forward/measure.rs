//! Rounds that alternate between the two sides.

use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Runtime;

use crate::figures::{Bound, bounded, median, micros, shown};
use crate::side::{Era, Side};

const ROUNDS: usize = 15;
const CALLS: usize = 400;

const LANES: usize = 32;
const EACH: usize = 150;

/// One hop more: two would be the price of nothing but that.
const AT_MOST: f64 = 2.5;
/// 5,000 calls a second.
const MICROS_A_CALL: f64 = 200.0;

/// The client is what a program of today has: rmcp on a runtime with threads.
fn runtime() -> Runtime {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap()
}

fn eras() -> [(Era, &'static str); 2] {
    [(Era::Legacy, "legacy"), (Era::Modern, "2026-07-28")]
}

async fn round(side: &Side) -> f64 {
    let mut times = Vec::with_capacity(CALLS);
    for n in 0..CALLS {
        times.push(micros(side.call(n).await));
    }
    median(times)
}

pub(crate) fn latency() -> Vec<Bound> {
    let mut bounds = Vec::new();
    for (era, name) in eras() {
        let (mut direct, mut forwarded, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
        runtime().block_on(async {
            let (without, with) = (Side::direct(era).await, Side::forwarded(era).await);
            // The first calls find everything cold.
            round(&without).await;
            round(&with).await;
            for n in 0..ROUNDS {
                // Each goes first every other round.
                let (one, other) = if n % 2 == 0 {
                    let one = round(&without).await;
                    (one, round(&with).await)
                } else {
                    let other = round(&with).await;
                    (round(&without).await, other)
                };
                direct.push(one);
                forwarded.push(other);
                ratios.push(other / one);
            }
            without.leave().await;
            with.leave().await;
        });
        println!("latency, {name}: {ROUNDS} rounds of {CALLS} calls each way");
        bounds.extend([
            shown(format!("a call, {name}: direct (baseline)"), median(direct), "µs"),
            shown(format!("a call, {name}: forwarded"), median(forwarded), "µs"),
            bounded(format!("a call, {name}: forwarded / direct"), median(ratios), "x", AT_MOST),
        ]);
    }
    bounds
}

pub(crate) fn throughput() -> Vec<Bound> {
    let mut bounds = Vec::new();
    for (era, name) in eras() {
        let (mut direct, mut forwarded) = (Vec::new(), Vec::new());
        runtime().block_on(async {
            let (without, with) = (Arc::new(Side::direct(era).await), Arc::new(Side::forwarded(era).await));
            for _ in 0..ROUNDS {
                direct.push(per_call(without.calls(LANES, EACH).await));
                forwarded.push(per_call(with.calls(LANES, EACH).await));
            }
            for side in [without, with] {
                Arc::into_inner(side).unwrap().leave().await;
            }
        });
        println!("throughput, {name}: {ROUNDS} rounds of {} calls, {LANES} in flight", LANES * EACH);
        let forwarded = median(forwarded);
        bounds.extend([
            shown(format!("{LANES} in flight, {name}: direct (baseline)"), 1e6 / median(direct), "calls/s"),
            shown(format!("{LANES} in flight, {name}: forwarded"), 1e6 / forwarded, "calls/s"),
            bounded(format!("{LANES} in flight, {name}: time a call"), forwarded, "µs", MICROS_A_CALL),
        ]);
    }
    bounds
}

#[expect(clippy::cast_precision_loss, reason = "a few thousand")]
fn per_call(all: Duration) -> f64 {
    micros(all) / (LANES * EACH) as f64
}
