use std::sync::Arc;

use super::{Body, Node, parse};

fn tree(text: &str) -> Vec<Node<'_>> {
    let file: Arc<str> = "t.tmdl".into();
    parse(text, &file).unwrap()
}

fn fault(text: &str) -> String {
    let file: Arc<str> = "t.tmdl".into();
    parse(text, &file).unwrap_err().to_string()
}

/// An outline: keyword, name and body, children in braces.
fn outline(nodes: &[Node<'_>]) -> String {
    nodes.iter().map(one).collect::<Vec<_>>().join("; ")
}

fn one(node: &Node<'_>) -> String {
    let reference = if node.is_ref { "ref " } else { "" };
    let name = node.name.as_ref().map(|name| format!(" <{name}>")).unwrap_or_default();
    let body = match &node.body {
        Body::Nothing => String::new(),
        Body::Value(value) => format!(": {value}"),
        Body::Inline(_) | Body::Block(_) | Body::Fenced(..) => format!(" = {:?}", node.text().unwrap()),
    };
    let below = if node.children.is_empty() { String::new() } else { format!(" {{{}}}", outline(&node.children)) };
    format!("{reference}{}{name}{body}{below}", node.keyword)
}

const MEASURES: &str = "/// What\n/// for\ntable 'My ''Sales'''\n\tisHidden\n\n\tmeasure A = 1 + 1\n\t\tformatString: \"a \"\"b\"\" \"\n\n\tmeasure B =\n\t\t\t\n\t\t\tVAR x = 1\n\n\t\t\t  RETURN x\n\t\tdisplayFolder: F\\G\n\n\tmeasure C = ```\n\t\t\t  kept  \n\t\t\t\n\t\t\t```\n\t\tkpi\n\t\t\ttargetExpression =\n\t\t\t\t1\n\nref table Other\n";

const OUTLINE: &str = "table <My 'Sales'> {isHidden; measure <A> = \"1 + 1\" {formatString: a \"b\" }; measure <B> = \"\\nVAR x = 1\\n\\n  RETURN x\" {displayFolder: F\\G}; measure <C> = \"  kept  \\n\" {kpi {targetExpression = \"1\"}}}; ref table <Other>";

#[test]
fn inline_block_and_fenced_expressions_flags_properties_and_references() {
    let nodes = tree(MEASURES);
    assert_eq!(outline(&nodes), OUTLINE);
    assert_eq!(nodes[0].description.as_deref(), Some("What\nfor"));
    assert_eq!((nodes[0].children[1].line, nodes[0].children[1].column), (6, 2));
}

#[test]
fn crlf_and_spaces_say_the_same() {
    assert_eq!(outline(&tree(&MEASURES.replace('\n', "\r\n"))), OUTLINE);
    assert_eq!(outline(&tree(&MEASURES.replace('\t', "    "))), OUTLINE);
    assert_eq!(outline(&tree(&MEASURES.replace('\t', "  ").replace('\n', "\r\n"))), OUTLINE);
}

#[test]
fn a_propertys_expression_may_have_properties_of_its_own_behind_it() {
    let text = "culture en-US\n\tlinguisticMetadata =\n\t\t\t{\n\t\t\t  \"a\": 1\n\t\t\t}\n\t\tcontentType: json\n";
    assert_eq!(
        outline(&tree(text)),
        "culture <en-US> {linguisticMetadata = \"{\\n  \\\"a\\\": 1\\n}\" {contentType: json}}"
    );
}

#[test]
fn an_empty_expression_leaves_the_properties_alone() {
    assert_eq!(
        outline(&tree("table T\n\tmeasure M =\n\t\tisHidden\n\tcolumn C\n")),
        "table <T> {measure <M> = \"\" {isHidden}; column <C>}"
    );
}

#[test]
fn a_format_with_quoted_words_is_no_quoted_value() {
    assert_eq!(outline(&tree("a\n\tb: \"yes\";\"no\"\n\tc: \"\n\td:\n")), "a {b: \"yes\";\"no\"; c: \"; d: }");
}

#[test]
fn what_breaks_the_grammar_is_told_with_its_place() {
    for (text, message) in [
        ("table 'T\n", "t.tmdl:1:7: the name of this table is not closed"),
        ("table My Table\n", "t.tmdl:1:10: expected `=` or the end of the line after `table My`"),
        ("table T\n\t\tisHidden\n", "t.tmdl:2:3: this line is indented by 2 where at most 1 can stand"),
        ("table T\n\tisHidden\n\t column C\n", "t.tmdl:3:3: the indentation is uneven in a file indented with tabs"),
        ("table T\n\tmeasure M = ```\n\t\t\t1\n", "t.tmdl:2:14: this fence is never closed"),
        ("table T\n\tmeasure M = 1\n\t\t\t+ 2\n", "t.tmdl:3:4: this line is indented by 3 where at most 2 can stand"),
        (
            "table T\n\tdataType: a\n\t\tb\n",
            "t.tmdl:3:3: nothing can stand below `dataType:`, whose value ends with its line",
        ),
        ("table T\n\t/// lost\n", "t.tmdl:2:2: this description has no object below it"),
        ("// hello\n", "t.tmdl:1:1: expected an object or a property, found `// hello`"),
        ("table T\n\t)\n", "t.tmdl:2:2: expected an object or a property, found `)`"),
    ] {
        assert_eq!(fault(text), message, "{text}");
    }
}

#[test]
fn ten_thousand_levels_of_nesting_are_an_error() {
    let mut text = String::new();
    for level in 0..10_000 {
        text.push_str(&"\t".repeat(level.min(200)));
        text.push_str("a b\n");
    }
    assert_eq!(fault(&text), "t.tmdl:34:34: objects are nested more than 32 deep");
}
