//! What holds for the whole of the room.

use super::patterns::patterns;
use super::{Analysis, Complexity, Formula, Home, MAX_DEPTH, Names, References, format, sample, transitions};

/// Everything that is asked about an expression.
fn look(text: &str) -> usize {
    let model = sample::model();
    let names = Names::of(&model);
    let formula = Formula::parse(text);
    let analysis = Analysis::of(&formula, Home::Measure("Sales"), &names);
    assert!(format(text).is_none_or(|text| !text.is_empty()));
    let numbers = patterns(text, &analysis).len() + transitions(&analysis).len();
    numbers
        + References::found(&analysis).measures.len()
        + Complexity::of(&analysis).calls as usize
        + analysis.problems.len()
}

#[test]
fn the_highest_trees_leave_some_of_a_threads_stack_free() {
    let nested = |open: &str, close: &str, times: usize| format!("{}1{}", open.repeat(times), close.repeat(times));
    let texts = [
        nested("(", ")", MAX_DEPTH - 1),
        nested("IF(1/", ", [Total])", MAX_DEPTH / 2 - 1),
        nested("CALCULATE(SUMX(Sales, ", "))", MAX_DEPTH / 2 - 1),
        nested("VAR x = ", " RETURN x + [Total]", MAX_DEPTH - 1),
        nested("NOT - ", "", MAX_DEPTH / 2 - 1),
        nested("{ (", ", 1) }", MAX_DEPTH / 2 - 1),
        // Every rank of operators around every bracket: the highest tree that the parser makes.
        nested("(", " IN {1} ^ 2 * 3 + 4 & 5 = 6 && 7 || 8)", MAX_DEPTH - 2),
        nested("(", "", 10_000),
        nested("SUM(", ")", 10_000),
    ];
    // Three quarters of what threads have in tests and in the server; an optimised build needs far less.
    let thread = std::thread::Builder::new().stack_size(3 << 19);
    let looked = thread.spawn(move || texts.iter().map(|text| look(text)).sum::<usize>()).unwrap();
    assert!(looked.join().is_ok());
}
