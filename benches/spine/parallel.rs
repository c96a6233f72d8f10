//! Steps that run at once share commits.

use crate::chain::scratch;
use crate::figures::{Bound, bounded, median, millis, shown};
use crate::world::{World, plan};

const STEPS: usize = 200;
const ROUNDS: usize = 15;

pub(crate) fn measure() -> Vec<Bound> {
    let folder = scratch();
    let world = World::new(folder.path(), STEPS);
    let all_at_once = plan(STEPS, false);
    world.run(&all_at_once);
    let (mut commits, mut times) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let before = world.store.stats().commits;
        times.push(millis(world.run(&all_at_once).1));
        #[expect(clippy::cast_precision_loss, reason = "a few hundred")]
        commits.push((world.store.stats().commits - before) as f64);
    }
    world.end();
    let most = commits.iter().copied().fold(0.0, f64::max);
    vec![
        shown("parallel: 200 steps, both bounds 200: time", median(times), "ms"),
        shown("parallel: commits, median", median(commits), "commits"),
        bounded("parallel: commits, most of 15 rounds", most, "commits", 25.0),
    ]
}
