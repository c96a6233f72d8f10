//! The functions of DAX: how many arguments they take, which give tables, and
//! which of their arguments are evaluated row by row.
//!
//! A new function of Microsoft's is a word in one of the lists. A function that
//! is in none is told as unknown, so the lists are complete as of February
//! 2026; functions that begin with `INFO.` are not listed one by one. Must not
//! know models.
//!
//! Source: the function reference on learn.microsoft.com and dax.guide.

use std::collections::HashMap;
use std::sync::LazyLock;

/// A function of the language.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Function {
    /// The name in capitals.
    pub name: &'static str,
    /// Arguments it needs.
    pub least: usize,
    /// Arguments it takes; none where there is no bound.
    pub most: Option<usize>,
    /// What it gives.
    pub gives: Gives,
}

/// What a function gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gives {
    /// One value.
    Scalar,
    /// A table, or a change of filters that stands where a table does.
    Table,
}

/// Which arguments of a function are evaluated for each row of another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rows {
    /// The argument that gives the rows.
    pub table: usize,
    /// The first that is evaluated for each of them.
    pub first: usize,
    /// The last.
    pub last: usize,
}

impl Rows {
    /// Whether the argument is evaluated row by row.
    #[must_use]
    pub fn covers(self, argument: usize) -> bool {
        (self.first..=self.last).contains(&argument)
    }
}

/// `NAME/2` takes two arguments, `NAME/1-3` one to three, `NAME/1+` one or more.
const SCALARS: &str = "
ABS/1 ACCRINT/6-8 ACCRINTM/4-5 ACOS/1 ACOSH/1 ACOT/1 ACOTH/1 AMORDEGRC/6-7 AMORLINC/6-7 AND/2
APPROXIMATEDISTINCTCOUNT/1 ASIN/1 ASINH/1 ATAN/1 ATANH/1 AVERAGE/1 AVERAGEA/1 AVERAGEX/2
BETA.DIST/4-6 BETA.INV/3-5 BITAND/2 BITLSHIFT/2 BITOR/2 BITRSHIFT/2 BITXOR/2 BLANK/0
CALCULATE/1+ CEILING/1-2 CHISQ.DIST/3 CHISQ.DIST.RT/2 CHISQ.INV/2 CHISQ.INV.RT/2
CLOSINGBALANCEMONTH/2-3 CLOSINGBALANCEQUARTER/2-3 CLOSINGBALANCEWEEK/2-3 CLOSINGBALANCEYEAR/2-4
COALESCE/2+ COMBIN/2 COMBINA/2 COMBINEVALUES/3+ CONCATENATE/2 CONCATENATEX/2+ CONFIDENCE.NORM/3
CONFIDENCE.T/3 CONTAINS/3+ CONTAINSROW/2+ CONTAINSSTRING/2 CONTAINSSTRINGEXACT/2 CONVERT/2 COS/1
COSH/1 COT/1 COTH/1 COUNT/1 COUNTA/1 COUNTAX/2 COUNTBLANK/1 COUNTROWS/0-1 COUNTX/2 COUPDAYBS/3-4
COUPDAYS/3-4 COUPDAYSNC/3-4 COUPNCD/3-4 COUPNUM/3-4 COUPPCD/3-4 CUMIPMT/6 CUMPRINC/6 CURRENCY/1
CUSTOMDATA/0 DATE/3 DATEDIFF/3 DATEVALUE/1 DAY/1 DAYS/2 DAYS360/2-3 DB/4-5 DDB/4-5 DEGREES/1
DISC/4-5 DISTINCTCOUNT/1 DISTINCTCOUNTNOBLANK/1 DIVIDE/2-3 DOLLARDE/2 DOLLARFR/2 DURATION/5-6
EARLIER/1-2 EARLIEST/1 EDATE/2 EFFECT/2 EOMONTH/2 ERROR/1 EVALUATEANDLOG/1-3 EVEN/1 EXACT/2 EXP/1
EXPON.DIST/3 EXTERNALMEASURE/3 FACT/1 FALSE/0 FIND/2-4 FIRSTNONBLANKVALUE/2 FIXED/1-3 FLOOR/1-2
FORMAT/2-3 FV/3-5 GCD/1+ GEOMEAN/1 GEOMEANX/2 HASH/1+ HASONEFILTER/1 HASONEVALUE/1 HOUR/1 IF/2-3
IF.EAGER/2-3 IFERROR/2 INT/1 INTRATE/4-5 IPMT/4-6 ISAFTER/2+ ISATLEVEL/1+ ISBLANK/1 ISBOOLEAN/1
ISCROSSFILTERED/1+ ISCURRENCY/1 ISDATETIME/1 ISDECIMAL/1 ISDOUBLE/1 ISEMPTY/1 ISERROR/1 ISEVEN/1
ISFILTERED/1+ ISINSCOPE/1 ISINT64/1 ISINTEGER/1 ISLOGICAL/1 ISNONTEXT/1 ISNUMBER/1 ISNUMERIC/1
ISO.CEILING/1-2 ISODD/1 ISONORAFTER/2+ ISPMT/4 ISSELECTEDMEASURE/1+ ISSTRING/1 ISSUBTOTAL/1
ISTEXT/1 KEYWORDMATCH/2 LASTNONBLANKVALUE/2 LCM/1+ LEFT/1-2 LEN/1 LN/1 LOG/1-2 LOG10/1 LOOKUPVALUE/3+
LOWER/1 MAX/1-2 MAXA/1 MAXX/2-3 MDURATION/5-6 MEDIAN/1 MEDIANX/2 MID/3 MIN/1-2 MINA/1 MINUTE/1
MINX/2-3 MOD/2 MONTH/1 MROUND/2 NAMEOF/1-3 NETWORKDAYS/2-4 NOMINAL/2 NONFILTER/1 NONVISUAL/1
NORM.DIST/4 NORM.INV/3 NORM.S.DIST/2 NORM.S.INV/1 NOT/1 NOW/0 NPER/3-5 ODD/1 ODDFPRICE/8-9
ODDFYIELD/8-9 ODDLPRICE/7-8 ODDLYIELD/7-8 OPENINGBALANCEMONTH/2-3 OPENINGBALANCEQUARTER/2-3
OPENINGBALANCEWEEK/2-3 OPENINGBALANCEYEAR/2-4 OR/2 PATH/2 PATHCONTAINS/2 PATHITEM/2-3
PATHITEMREVERSE/2-3 PATHLENGTH/1 PDURATION/3 PERCENTILE.EXC/2 PERCENTILE.INC/2 PERCENTILEX.EXC/3
PERCENTILEX.INC/3 PERMUT/2 PI/0 PMT/3-5 POISSON.DIST/3 POWER/2 PPMT/4-6 PRICE/6-7 PRICEDISC/4-5
PRICEMAT/5-6 PRODUCT/1 PRODUCTX/2 PV/3-5 QUARTER/1 QUOTIENT/2 RADIANS/1 RAND/0 RANDBETWEEN/2
RANK/0-7 RANK.EQ/2-3 RANKX/2-5 RATE/3-6 RECEIVED/4-5 RELATED/1 REPLACE/4 REPT/2 RIGHT/1-2 ROUND/2
ROUNDDOWN/2 ROUNDUP/2 ROWNUMBER/0-6 RRI/3 SEARCH/2-4 SECOND/1 SELECTEDMEASURE/0
SELECTEDMEASUREFORMATSTRING/0 SELECTEDMEASURENAME/0 SELECTEDVALUE/1-2 SIGN/1 SIN/1 SINH/1 SLN/3
SQRT/1 SQRTPI/1 STDEV.P/1 STDEV.S/1 STDEVX.P/2 STDEVX.S/2 SUBSTITUTE/3-4 SUM/1 SUMX/2 SWITCH/3+
SYD/4 T.DIST/3 T.DIST.2T/2 T.DIST.RT/2 T.INV/2 T.INV.2T/2 TAN/1 TANH/1 TBILLEQ/3 TBILLPRICE/3
TBILLYIELD/3 TIME/3 TIMEVALUE/1 TOCSV/1-4 TODAY/0 TOJSON/1-2 TOTALMTD/2-3 TOTALQTD/2-3 TOTALWTD/2-3
TOTALYTD/2-4 TRIM/1 TRUE/0 TRUNC/1-2 UNICHAR/1 UNICODE/1 UPPER/1 USERCULTURE/0 USERNAME/0
USEROBJECTID/0 USERPRINCIPALNAME/0 UTCNOW/0 UTCTODAY/0 VALUE/1 VAR.P/1 VAR.S/1 VARX.P/2 VARX.S/2
VDB/5-7 WEEKDAY/1-2 WEEKNUM/1-2 XIRR/3-5 XNPV/4 YEAR/1 YEARFRAC/2-3 YIELD/6-7 YIELDDISC/4-5
YIELDMAT/5-6
";

/// As [`SCALARS`], of functions that give tables or change filters.
const TABLES: &str = "
ADDCOLUMNS/1+ ADDMISSINGITEMS/1+ ALL/0+ ALLCROSSFILTERED/1 ALLEXCEPT/2+ ALLNOBLANKROW/0+
ALLSELECTED/0+ CALCULATETABLE/1+ CALENDAR/2 CALENDARAUTO/0-1 COLUMNSTATISTICS/0 CROSSFILTER/3
CROSSJOIN/1+ CURRENTGROUP/0 DATATABLE/3+ DATEADD/3-5 DATESBETWEEN/3 DATESINPERIOD/3-5 DATESMTD/1
DATESQTD/1 DATESWTD/1 DATESYTD/1-2 DETAILROWS/1 DISTINCT/1 ENDOFMONTH/1 ENDOFQUARTER/1 ENDOFWEEK/1
ENDOFYEAR/1-2 EXCEPT/2 FILTER/2 FILTERS/1 FIRSTDATE/1 FIRSTNONBLANK/2 GENERATE/2 GENERATEALL/2
GENERATESERIES/2-3 GROUPBY/1+ GROUPCROSSAPPLY/1+ GROUPCROSSAPPLYTABLE/1+ IGNORE/1 INDEX/1-7
INTERSECT/2 KEEPFILTERS/1 LASTDATE/1 LASTNONBLANK/2 LINEST/2+ LINESTX/3+ MATCHBY/0+
NATURALINNERJOIN/2 NATURALJOINUSAGE/1+ NATURALLEFTOUTERJOIN/2 NEXTDAY/1 NEXTMONTH/1 NEXTQUARTER/1 NEXTWEEK/1
NEXTYEAR/1-2 OFFSET/1-7 ORDERBY/0+ PARALLELPERIOD/3 PARTITIONBY/0+ PREVIOUSDAY/1 PREVIOUSMONTH/1
PREVIOUSQUARTER/1 PREVIOUSWEEK/1 PREVIOUSYEAR/1-2 RELATEDTABLE/1 REMOVEFILTERS/0+ ROLLUP/1+
ROLLUPADDISSUBTOTAL/1+ ROLLUPGROUP/1+ ROLLUPISSUBTOTAL/1+ ROW/2+ SAMEPERIODLASTYEAR/1 SAMPLE/2+
SAMPLEAXISWITHLOCALMINMAX/1+ SAMPLECARTESIANPOINTSBYCOVER/1+ SELECTCOLUMNS/2+ STARTOFMONTH/1
STARTOFQUARTER/1 STARTOFWEEK/1 STARTOFYEAR/1-2 SUBSTITUTEWITHINDEX/4+ SUMMARIZE/1+
SUMMARIZECOLUMNS/0+ TABLEOF/1 TOPN/2+ TOPNPERLEVEL/2+ TOPNSKIP/3+ TREATAS/2+ UNION/2+
USERELATIONSHIP/2 VALUES/1 WINDOW/1-10
";

/// Functions that the engine has for calculations of a visual, not for models.
const VISUAL: &str = "
COLLAPSE COLLAPSEALL EXPAND EXPANDALL FIRST LAST LOOKUP LOOKUPWITHTOTALS MOVINGAVERAGE NEXT PREVIOUS
RANGE RUNNINGSUM
";

/// Functions that evaluate arguments for each row of a table: which one gives the rows, and the first
/// and the last that see them.
const ROW_BY_ROW: &[(&str, usize, usize, usize)] = &[
    ("ADDCOLUMNS", 0, 1, usize::MAX),
    ("AVERAGEX", 0, 1, 1),
    ("CONCATENATEX", 0, 1, usize::MAX),
    ("COUNTAX", 0, 1, 1),
    ("COUNTX", 0, 1, 1),
    ("FILTER", 0, 1, 1),
    ("FIRSTNONBLANK", 0, 1, 1),
    ("FIRSTNONBLANKVALUE", 0, 1, 1),
    ("GENERATE", 0, 1, 1),
    ("GENERATEALL", 0, 1, 1),
    ("GEOMEANX", 0, 1, 1),
    ("LASTNONBLANK", 0, 1, 1),
    ("LASTNONBLANKVALUE", 0, 1, 1),
    ("LINESTX", 0, 1, usize::MAX),
    ("MAXX", 0, 1, 1),
    ("MEDIANX", 0, 1, 1),
    ("MINX", 0, 1, 1),
    ("PERCENTILEX.EXC", 0, 1, 1),
    ("PERCENTILEX.INC", 0, 1, 1),
    ("PRODUCTX", 0, 1, 1),
    ("RANKX", 0, 1, 1),
    ("SAMPLE", 1, 2, usize::MAX),
    ("SELECTCOLUMNS", 0, 1, usize::MAX),
    ("STDEVX.P", 0, 1, 1),
    ("STDEVX.S", 0, 1, 1),
    ("SUMX", 0, 1, 1),
    ("TOPN", 1, 2, usize::MAX),
    ("VARX.P", 0, 1, 1),
    ("VARX.S", 0, 1, 1),
    ("XIRR", 0, 1, 2),
    ("XNPV", 0, 1, 2),
];

/// Functions without a bound on their arguments that may leave out one in between.
const MAY_OMIT: &[&str] = &["CONCATENATEX", "ORDERBY", "SAMPLE", "TOPN", "TOPNPERLEVEL", "TOPNSKIP"];

/// Functions that change the row context into filters besides `CALCULATE` and `CALCULATETABLE`, which they call
/// within.
const TRANSITIONS: &[&str] = &[
    "CALCULATE",
    "CALCULATETABLE",
    "CLOSINGBALANCEMONTH",
    "CLOSINGBALANCEQUARTER",
    "CLOSINGBALANCEWEEK",
    "CLOSINGBALANCEYEAR",
    "FIRSTNONBLANKVALUE",
    "LASTNONBLANKVALUE",
    "OPENINGBALANCEMONTH",
    "OPENINGBALANCEQUARTER",
    "OPENINGBALANCEWEEK",
    "OPENINGBALANCEYEAR",
    "RELATEDTABLE",
    "TOTALMTD",
    "TOTALQTD",
    "TOTALWTD",
    "TOTALYTD",
];

/// Words that stand for themselves as arguments.
const WORDS: &str = "
ASC DESC ALPHABETICAL BASIC BINARY BOOLEAN BOTH COLUMNS CURRENCY DATETIME DAY DECIMAL DEFAULT DENSE
DOUBLE EXTENDING FIRST HIGHESTPARENT HOUR INT64 INTEGER KEEP LAST LOWESTPARENT MINUTE MONTH NONE ONEWAY
ONEWAY_LEFTFILTERSRIGHT ONEWAY_RIGHTFILTERSLEFT QUARTER REL ABS ROWS SECOND SKIP STRING TEXT TRUNCATING
VARIANT WEEK YEAR
";

static LISTED: LazyLock<HashMap<&'static str, Function>> = LazyLock::new(|| {
    let read = |list: &'static str, gives: Gives| list.split_whitespace().filter_map(move |entry| read(entry, gives));
    read(SCALARS, Gives::Scalar).chain(read(TABLES, Gives::Table)).map(|one| (one.name, one)).collect()
});

fn read(entry: &'static str, gives: Gives) -> Option<Function> {
    let (name, count) = entry.split_once('/')?;
    let (least, most) = match (count.strip_suffix('+'), count.split_once('-')) {
        (Some(least), _) => (least.parse().ok()?, None),
        (None, Some((least, most))) => (least.parse().ok()?, Some(most.parse().ok()?)),
        (None, None) => (count.parse().ok()?, Some(count.parse().ok()?)),
    };
    Some(Function { name, least, most, gives })
}

/// The function of that name, in any case.
#[must_use]
pub fn function(name: &str) -> Option<Function> {
    let upper = name.to_ascii_uppercase();
    if let Some(found) = LISTED.get(upper.as_str()) {
        return Some(*found);
    }
    upper.starts_with("INFO.").then_some(Function { name: "INFO", least: 0, most: None, gives: Gives::Table })
}

/// Whether it is a function for calculations of a visual only.
#[must_use]
pub fn is_visual(name: &str) -> bool {
    VISUAL.split_whitespace().any(|visual| visual.eq_ignore_ascii_case(name))
}

/// The names nearest to one that is unknown.
#[must_use]
pub fn near(name: &str) -> Vec<&'static str> {
    let wanted = name.to_ascii_uppercase();
    let mut near: Vec<(usize, &'static str)> = LISTED
        .keys()
        .map(|known| (strsim::damerau_levenshtein(&wanted, known), *known))
        .filter(|(distance, _)| *distance <= 1.max(wanted.chars().count() / 4))
        .collect();
    near.sort_unstable();
    near.into_iter().take(2).map(|(_, known)| known).collect()
}

/// Which arguments of a function are evaluated row by row.
#[must_use]
pub fn rows(name: &str) -> Option<Rows> {
    let found = ROW_BY_ROW.iter().find(|(iterator, ..)| iterator.eq_ignore_ascii_case(name))?;
    Some(Rows { table: found.1, first: found.2, last: found.3 })
}

/// Whether the function turns the row context around it into filters.
#[must_use]
pub fn is_transition(name: &str) -> bool {
    TRANSITIONS.iter().any(|one| one.eq_ignore_ascii_case(name))
}

/// Whether a word stands for itself as an argument, as `DESC` or `MONTH`.
#[must_use]
pub fn is_argument_word(word: &str) -> bool {
    let first = word.split(' ').next().unwrap_or(word);
    WORDS.split_whitespace().any(|one| one.eq_ignore_ascii_case(first))
}

impl Function {
    /// Whether argument `index` of `count` may be left out.
    #[must_use]
    pub fn may_omit(&self, index: usize, count: usize) -> bool {
        let bounded = self.most.is_some() || MAY_OMIT.contains(&self.name);
        index >= self.least && bounded && index + 1 < count
    }

    /// How many arguments it takes, for a sentence.
    #[must_use]
    pub fn takes(&self) -> String {
        let plural = |count: usize| if count == 1 { "" } else { "s" };
        match (self.least, self.most) {
            (0, Some(0)) => "no arguments".to_owned(),
            (least, Some(most)) if least == most => format!("{most} argument{}", plural(most)),
            (least, Some(most)) => format!("{least} to {most} arguments"),
            (least, None) => format!("{least} or more arguments"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Gives, ROW_BY_ROW, SCALARS, TABLES, TRANSITIONS, function, is_argument_word, near, rows};

    #[test]
    fn every_entry_of_the_lists_is_read_and_is_there_once() {
        let entries: Vec<&str> = SCALARS.split_whitespace().chain(TABLES.split_whitespace()).collect();
        assert_eq!(super::LISTED.len(), entries.len());
        for entry in entries {
            let found = function(entry.split('/').next().unwrap()).unwrap();
            assert!(found.most.is_none_or(|most| most >= found.least), "{entry}");
        }
        for (name, ..) in ROW_BY_ROW {
            assert!(function(name).is_some(), "{name}");
        }
        for name in TRANSITIONS {
            assert!(function(name).is_some(), "{name}");
        }
    }

    #[test]
    fn counts_kinds_and_rows_are_those_of_the_reference() {
        let divide = function("Divide").unwrap();
        assert_eq!((divide.least, divide.most, divide.gives), (2, Some(3), Gives::Scalar));
        assert_eq!(divide.takes(), "2 to 3 arguments");
        assert_eq!(function("info.view.measures").unwrap().gives, Gives::Table);
        assert_eq!(function("SUMS"), None);
        assert_eq!(near("SUMS"), ["SUM", "SUMX"]);
        let top = rows("topn").unwrap();
        assert_eq!(
            (top.table, top.covers(0), top.covers(1), top.covers(2), top.covers(9)),
            (1, false, false, true, true)
        );
        assert_eq!(rows("SUM"), None);
        assert!(is_argument_word("desc blanks last") && !is_argument_word("x"));
    }

    #[test]
    fn arguments_are_left_out_where_that_means_something() {
        let may = |name: &str, index, count| function(name).unwrap().may_omit(index, count);
        assert!(may("RANKX", 2, 4) && may("CONCATENATEX", 2, 4) && may("WINDOW", 4, 6));
        assert!(!may("RANKX", 1, 4) && !may("CALCULATE", 1, 3) && !may("DIVIDE", 2, 3));
    }
}
