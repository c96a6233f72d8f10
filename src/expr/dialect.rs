//! The dialects, one rewrite each, from tokens to tokens: `&&`, `||`, `!`,
//! `null`, bare parameter names, `x|default:'y'` and `a ? b : c`. What comes
//! out holds none of them, so that rewriting twice changes nothing.

use super::error::Problem;
use super::known::Known;
use super::lexer::{Failure, Kind, Token};
use super::meter;

type Tokens<'s> = Vec<Token<'s>>;

pub(super) fn rewrite<'s>(mut tokens: Tokens<'s>, known: &Known) -> Result<Tokens<'s>, Failure> {
    bound_depth(&tokens)?;
    words(&mut tokens, known);
    let tokens = signs(tokens);
    let tokens = default_arguments(&negations(tokens)?);
    let tokens = if tokens.iter().any(|token| token.is_sign("?")) { choices(tokens)? } else { tokens };
    bound_depth(&tokens)?;
    Ok(tokens)
}

/// Refuses what would nest deeper than the parser and the walk may recurse.
/// Each operator, key, call and bracket counts within its element, which
/// bounds the depth of the tree from above.
fn bound_depth(tokens: &[Token<'_>]) -> Result<(), Failure> {
    /// A bracket that is open: quarters of levels of the element being read,
    /// and the most of the elements before it.
    struct Open {
        now: usize,
        most: usize,
    }
    const LEVEL: usize = 4;
    let mut open = vec![Open { now: 0, most: 0 }];
    for token in tokens {
        let quarters = match token.kind {
            Kind::Sign => match &*token.text {
                "(" | "[" | "{" => {
                    open.push(Open { now: 0, most: 0 });
                    0
                }
                ")" | "]" | "}" if open.len() > 1 => open.pop().map_or(0, |inner| inner.now.max(inner.most) + LEVEL),
                "," => {
                    if let Some(element) = open.last_mut() {
                        element.most = element.most.max(element.now);
                        element.now = 0;
                    }
                    0
                }
                "." => 1,
                _ => LEVEL,
            },
            Kind::Word if matches!(&*token.text, "and" | "or" | "not" | "if" | "else" | "in" | "is") => LEVEL,
            Kind::Path => token.text.matches(['.', '[']).count(),
            Kind::Blank | Kind::Word | Kind::Number | Kind::Text => 0,
        };
        let brackets = open.len() - 1;
        if let Some(element) = open.last_mut() {
            element.now += quarters;
            if brackets > meter::BRACKETS || element.now > meter::LEVELS * LEVEL {
                let problem = Problem::limit("the expression nests too deeply").hint("split it over several steps");
                return Err(problem.at(token.at));
            }
        }
    }
    Ok(())
}

fn before<'t, 's>(tokens: &'t [Token<'s>], at: usize) -> Option<&'t Token<'s>> {
    tokens[..at].iter().rev().find(|token| token.kind != Kind::Blank)
}

fn after(tokens: &[Token<'_>], at: usize) -> Option<usize> {
    (at + 1..tokens.len()).find(|place| tokens[*place].kind != Kind::Blank)
}

/// `null`, `is None`, and bare names of parameters and context keys.
fn words(tokens: &mut Tokens<'_>, known: &Known) {
    for at in 0..tokens.len() {
        if tokens[at].kind != Kind::Word {
            continue;
        }
        let is_sign_before = |sign: &str| before(tokens, at).is_some_and(|token| token.is_sign(sign));
        if is_sign_before(".") || is_sign_before("|") {
            continue;
        }
        let next = after(tokens, at);
        let is_sign_after = |sign: &str| next.is_some_and(|next| tokens[next].is_sign(sign));
        let word = &*tokens[at].text;
        let made = if follows_is(tokens, at) {
            match word {
                "None" | "null" => "none".to_owned(),
                "True" => "true".to_owned(),
                "False" => "false".to_owned(),
                _ => continue,
            }
        } else if word == "null" {
            "none".to_owned()
        } else if is_sign_after("(") || is_sign_after("=") || is_taken(word, known) {
            continue;
        } else if known.params.contains(word) {
            format!("params.{word}")
        } else if known.context.contains(word) {
            format!("context.{word}")
        } else {
            continue;
        };
        let kind = if made.contains('.') { Kind::Path } else { Kind::Word };
        tokens[at] = Token::made(kind, made, tokens[at].at);
    }
}

/// Whether a bare word means something before parameters are asked.
fn is_taken(word: &str, known: &Known) -> bool {
    Known::is_reserved(word) || known.steps.contains(word) || known.is_item(word)
}

fn follows_is(tokens: &[Token<'_>], at: usize) -> bool {
    let mut words = tokens[..at].iter().rev().filter(|token| token.kind != Kind::Blank);
    match words.next() {
        Some(token) if token.is_word("is") => true,
        Some(token) if token.is_word("not") => words.next().is_some_and(|token| token.is_word("is")),
        _ => false,
    }
}

/// `&&` and `||`.
fn signs(tokens: Tokens<'_>) -> Tokens<'_> {
    let mut out = Tokens::with_capacity(tokens.len());
    for token in tokens {
        let word = match &*token.text {
            "&&" if token.kind == Kind::Sign => "and",
            "||" if token.kind == Kind::Sign => "or",
            _ => {
                out.push(token);
                continue;
            }
        };
        out.push(Token::made(Kind::Blank, " ", token.at));
        out.push(Token::made(Kind::Word, word, token.at));
        out.push(Token::made(Kind::Blank, " ", token.at));
    }
    out
}

/// `!x.y(z)` binds tighter than any operator: `(not x.y(z))`.
fn negations(mut tokens: Tokens<'_>) -> Result<Tokens<'_>, Failure> {
    // From the right, so that an operand holds no `!` any more.
    while let Some(at) = tokens.iter().rposition(|token| token.is_sign("!")) {
        let place = tokens[at].at;
        let end = operand_end(&tokens, at).ok_or_else(|| Problem::syntax("`!` has nothing to negate").at(place))?;
        tokens.insert(end, Token::made(Kind::Sign, ")", place));
        tokens.splice(
            at..=at,
            [
                Token::made(Kind::Sign, "(", place),
                Token::made(Kind::Word, "not", place),
                Token::made(Kind::Blank, " ", place),
            ],
        );
    }
    Ok(tokens)
}

/// One past the operand that follows `at`.
fn operand_end(tokens: &[Token<'_>], at: usize) -> Option<usize> {
    let mut at = after(tokens, at)?;
    while tokens[at].is_sign("-") {
        at = after(tokens, at)?;
    }
    let mut end = match tokens[at].kind {
        Kind::Word | Kind::Number | Kind::Text | Kind::Path => at + 1,
        Kind::Sign => group_end(tokens, at)?,
        Kind::Blank => return None,
    };
    loop {
        let Some(next) = (end..tokens.len()).find(|place| tokens[*place].kind != Kind::Blank) else { return Some(end) };
        let token = &tokens[next];
        end = if token.is_sign(".") || token.is_sign("|") {
            after(tokens, next)? + 1
        } else if next == end && (token.is_sign("(") || token.is_sign("[")) {
            group_end(tokens, next)?
        } else if token.is_word("is") {
            let word = after(tokens, next)?;
            if tokens[word].is_word("not") { after(tokens, word)? + 1 } else { word + 1 }
        } else {
            return Some(end);
        };
    }
}

/// One past the bracket that closes the one at `at`.
fn group_end(tokens: &[Token<'_>], at: usize) -> Option<usize> {
    let mut open = 0_usize;
    for (place, token) in tokens.iter().enumerate().skip(at) {
        if token.kind != Kind::Sign {
            continue;
        }
        match &*token.text {
            "(" | "[" | "{" => open += 1,
            ")" | "]" | "}" => {
                open = open.checked_sub(1)?;
                if open == 0 {
                    return Some(place + 1);
                }
            }
            _ => {}
        }
        if open == 0 {
            return None;
        }
    }
    None
}

/// `x|default:'y'` as Django and Liquid write it.
fn default_arguments<'s>(tokens: &[Token<'s>]) -> Tokens<'s> {
    let mut out = Tokens::with_capacity(tokens.len());
    let mut at = 0;
    while at < tokens.len() {
        if let Some((colon, end)) = default_argument(tokens, at) {
            out.push(tokens[at].clone());
            out.push(Token::made(Kind::Sign, "(", tokens[colon].at));
            out.extend(tokens[colon + 1..end].iter().skip_while(|token| token.kind == Kind::Blank).cloned());
            out.push(Token::made(Kind::Sign, ")", tokens[colon].at));
            at = end;
        } else {
            out.push(tokens[at].clone());
            at += 1;
        }
    }
    out
}

/// For a `default` at `at`: its colon, and one past its argument.
fn default_argument(tokens: &[Token<'_>], at: usize) -> Option<(usize, usize)> {
    let name = &tokens[at];
    if !(name.is_word("default") || name.is_word("d")) || !before(tokens, at)?.is_sign("|") {
        return None;
    }
    let colon = after(tokens, at)?;
    if !tokens[colon].is_sign(":") {
        return None;
    }
    let mut first = after(tokens, colon)?;
    if tokens[first].is_sign("-") {
        first = after(tokens, first)?;
    }
    let mut end = match tokens[first].kind {
        Kind::Word | Kind::Number | Kind::Text | Kind::Path => first + 1,
        Kind::Sign | Kind::Blank => return None,
    };
    while let Some(token) = tokens.get(end) {
        if token.is_sign(".") && tokens.get(end + 1).is_some_and(|next| matches!(next.kind, Kind::Word | Kind::Number))
        {
            end += 2;
        } else if token.is_sign("[") {
            end = group_end(tokens, end)?;
        } else {
            break;
        }
    }
    Some((colon, end))
}

/// Tokens with their brackets matched.
enum Tree<'s> {
    Leaf(Token<'s>),
    Group(Token<'s>, Vec<Tree<'s>>, Token<'s>),
}

/// `a ? b : c` becomes `(b if a else c)`.
fn choices(tokens: Tokens<'_>) -> Result<Tokens<'_>, Failure> {
    let mut open: Vec<(Token<'_>, Vec<Tree<'_>>)> = Vec::new();
    let mut trees = Vec::new();
    for token in tokens {
        let sign = if token.kind == Kind::Sign { token.text.as_bytes().first().copied() } else { None };
        match sign {
            Some(b'(' | b'[' | b'{') => open.push((token, std::mem::take(&mut trees))),
            Some(b')' | b']' | b'}') => match open.pop() {
                Some((opened, outer)) => {
                    let inner = std::mem::replace(&mut trees, outer);
                    trees.push(Tree::Group(opened, inner, token));
                }
                None => return Err(Problem::syntax(format!("`{}` closes nothing", token.text)).at(token.at)),
            },
            _ => trees.push(Tree::Leaf(token)),
        }
    }
    if let Some((opened, _)) = open.pop() {
        return Err(Problem::syntax(format!("`{}` is never closed", opened.text)).at(opened.at));
    }
    let mut out = Vec::new();
    elements(trees, &mut out)?;
    Ok(out)
}

fn elements<'s>(trees: Vec<Tree<'s>>, out: &mut Tokens<'s>) -> Result<(), Failure> {
    let mut element = Vec::new();
    for tree in trees {
        match tree {
            Tree::Leaf(comma) if comma.is_sign(",") => {
                choice(std::mem::take(&mut element), out)?;
                out.push(comma);
            }
            other => element.push(other),
        }
    }
    choice(element, out)
}

fn is_leaf(tree: &Tree<'_>, sign: &str) -> bool {
    matches!(tree, Tree::Leaf(token) if token.is_sign(sign))
}

fn choice<'s>(mut trees: Vec<Tree<'s>>, out: &mut Tokens<'s>) -> Result<(), Failure> {
    let Some(mark) = trees.iter().position(|tree| is_leaf(tree, "?")) else {
        for tree in trees {
            match tree {
                Tree::Leaf(token) => out.push(token),
                Tree::Group(opened, inner, closed) => {
                    out.push(opened);
                    elements(inner, out)?;
                    out.push(closed);
                }
            }
        }
        return Ok(());
    };
    let at = match &trees[mark] {
        Tree::Leaf(token) | Tree::Group(token, ..) => token.at,
    };
    let mut nested = 0_usize;
    let colon = trees[mark + 1..].iter().position(|tree| {
        if is_leaf(tree, "?") {
            nested += 1;
        } else if is_leaf(tree, ":") {
            if nested == 0 {
                return true;
            }
            nested -= 1;
        }
        false
    });
    let Some(colon) = colon else {
        return Err(Problem::syntax("`?` has no `:`").hint("a choice is written `test ? yes : no`").at(at));
    };
    let no = trees.split_off(mark + 1 + colon + 1);
    trees.pop();
    let yes = trees.split_off(mark + 1);
    trees.pop();
    // The key of an object or the name of an argument stays outside.
    let start = trees.iter().rposition(|tree| is_leaf(tree, ":") || is_leaf(tree, "=")).map_or(0, |place| place + 1);
    let test = trees.split_off(start);
    choice(trees, out)?;
    out.push(Token::made(Kind::Blank, if start == 0 { "" } else { " " }, at));
    out.push(Token::made(Kind::Sign, "(", at));
    for (part, word) in [(yes, "if"), (test, "else"), (no, "")] {
        let part = trim(part);
        if part.is_empty() {
            return Err(Problem::syntax("a part of `test ? yes : no` is empty").at(at));
        }
        choice(part, out)?;
        if !word.is_empty() {
            out.push(Token::made(Kind::Blank, " ", at));
            out.push(Token::made(Kind::Word, word, at));
            out.push(Token::made(Kind::Blank, " ", at));
        }
    }
    out.push(Token::made(Kind::Sign, ")", at));
    Ok(())
}

fn trim(mut trees: Vec<Tree<'_>>) -> Vec<Tree<'_>> {
    let is_blank = |tree: &Tree<'_>| matches!(tree, Tree::Leaf(token) if token.kind == Kind::Blank);
    while trees.last().is_some_and(is_blank) {
        trees.pop();
    }
    let start = trees.iter().position(|tree| !is_blank(tree)).unwrap_or(trees.len());
    trees.split_off(start)
}
