//! A chain's step against a bare commit of the same rows.

use std::path::PathBuf;

use sequitur::base::Clock as _;

use crate::baseline::{Bare, Recording};
use crate::figures::{Bound, bounded, median, micros, shown};
use crate::world::{World, plan};

const STEPS: usize = 200;
const ROUNDS: usize = 15;

pub(crate) fn measure() -> Vec<Bound> {
    let folder = scratch();
    let world = World::new(&folder.path().join("engine"), 10);
    let chain = plan(STEPS, true);
    let (first, _) = world.run(&chain);
    let recording = Recording::of(world.store.path(), &first);
    assert_eq!(recording.commits(), STEPS + 2, "a chain is one commit a step, one to begin and one to start");
    let mut bare = Bare::new(&folder.path().join("bare"), &world.clock);
    bare.write(&recording);

    let (mut ours, mut theirs, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    let begun = world.clock.monotonic();
    for round in 0..ROUNDS {
        // Each goes first every other round.
        let (engine, base) = if round % 2 == 0 {
            let base = bare.write(&recording);
            (world.run(&chain).1, base)
        } else {
            (world.run(&chain).1, bare.write(&recording))
        };
        #[expect(clippy::cast_precision_loss, reason = "a few hundred")]
        let per_step = |time| micros(time) / STEPS as f64;
        ours.push(per_step(engine));
        theirs.push(per_step(base));
        ratios.push(micros(engine) / micros(base));
    }
    println!(
        "chain: {ROUNDS} rounds of {STEPS} steps against as many bare commits, in {:.1} s",
        world.clock.monotonic().saturating_sub(begun).as_secs_f64()
    );
    world.end();
    vec![
        shown("chain: a durable step", median(ours), "µs"),
        shown("chain: a bare commit of the same rows (baseline)", median(theirs), "µs"),
        bounded("chain: step / bare commit", median(ratios), "x", 2.0),
    ]
}

/// A folder on the disk where the build is: the system's temporary folder may
/// be memory, where a commit costs nothing. `SPINE_SCRATCH` names another.
pub(crate) fn scratch() -> tempfile::TempDir {
    #[expect(clippy::disallowed_methods, reason = "a benchmark's own switch")]
    let chosen = std::env::var_os("SPINE_SCRATCH");
    let place = chosen.map_or_else(|| PathBuf::from(env!("CARGO_TARGET_TMPDIR")), PathBuf::from);
    std::fs::create_dir_all(&place).unwrap();
    tempfile::tempdir_in(place).unwrap()
}
