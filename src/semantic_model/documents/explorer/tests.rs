use crate::semantic_model::documents::Content;
use crate::semantic_model::model::{Column, Measure, Model, Table};

fn model() -> Model {
    let measure = |name: &str, expression: &str| Measure {
        name: name.into(),
        expression: expression.into(),
        ..Measure::default()
    };
    let measures = vec![
        measure("Revenue", "SUM(Sales[Amount])"),
        measure("</script><b>", "[Revenue] * 2 // \"</pre>\""),
        Measure { hidden: true, ..measure("Helper", "[Revenue]") },
    ];
    let all_columns = vec![Column { name: "Amount".into(), ..Column::default() }];
    let table = Table { name: "Sales".into(), all_columns, measures, ..Table::default() };
    Model { tables: vec![table], ..Model::default() }
}

fn page(include_hidden: bool) -> String {
    super::write(&Content::of(&model(), "A & B", include_hidden, 2))
}

#[test]
fn names_and_expressions_are_text_and_nothing_comes_from_elsewhere() {
    let page = page(true);
    assert!(page.contains("A &amp; B") && page.contains("&lt;/script&gt;&lt;b&gt;"));
    assert_eq!(page.matches("</script>").count(), 1, "only our own script ends");
    assert!(!page.contains("http://") && !page.contains("https://") && !page.contains("url("), "no address");
}

#[test]
fn every_link_leads_to_a_section_that_is_there_once() {
    for include_hidden in [true, false] {
        let page = page(include_hidden);
        let links: Vec<&str> = page.split("href=\"#").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
        assert!(links.len() > 4);
        for link in links {
            assert_eq!(page.matches(&format!("<section id=\"{link}\"")).count(), 1, "{link}");
        }
        assert_eq!(page.contains("Helper"), include_hidden || page.contains("[Helper]"));
    }
}

#[test]
fn a_measure_tells_what_it_is_made_from_and_what_uses_it() {
    let page = page(false);
    let revenue = page.split("<section id=\"measure0\">").nth(1).unwrap().split("</section>").next().unwrap();
    for told in ["&#39;Sales&#39;[Amount]", "[Helper]", "class=\"diagram\"", "<span class=\"word\">SUM</span>"] {
        assert!(revenue.contains(told), "{told}: {revenue}");
    }
}
