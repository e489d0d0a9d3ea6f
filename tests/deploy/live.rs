//! What is on the screen while a stack is deployed, frame by frame, from events that were recorded once: as a table on
//! terminals of two widths, and as lines in a pipe and where software is built.

use std::{fmt::Write as _, path::Path};

use asi::{
    deploy::Cause,
    ops::{
        self, Deployables,
        deploy::{Ending, News},
    },
    present::{
        deploy::Origins,
        live::{Live, Part, Style},
    },
    render::{self, Doc},
    world::{
        MemoryFiles, Screen, Timestamp,
        cloudformation::{ResourceStatus, StackEvent},
    },
};

use super::{SHOP, Server, at};
use crate::support::{golden, run};

/// A stack with a resource whose name is longer than most lines have room for.
const FILE: &str = "\
app: shop
region: us-east-1
resources:
  Jobs: {Type: AWS::SQS::Queue}
  TheTopicThatTellsEverybodyInTheCompanyWhatTheShopHasSoldAndToWhomAndWhenItWillBeThere: {Type: AWS::SNS::Topic}
  Inner: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: 'https://b.s3.amazonaws.com/inner'}}
";

/// An update that fails: at a second, the stack and the resource, its type, its status, and why; or only a moment.
const RECORDED: &str = "\
0 shop shop AWS::CloudFormation::Stack UPDATE_IN_PROGRESS User Initiated
1 shop Jobs AWS::SQS::Queue UPDATE_IN_PROGRESS
2 shop TheTopicThatTellsEverybodyInTheCompanyWhatTheShopHasSoldAndToWhomAndWhenItWillBeThere AWS::SNS::Topic CREATE_IN_PROGRESS
3
4 shop Jobs AWS::SQS::Queue UPDATE_COMPLETE
5 shop Inner AWS::CloudFormation::Stack UPDATE_IN_PROGRESS
6 shop-Inner-X shop-Inner-X AWS::CloudFormation::Stack UPDATE_IN_PROGRESS
7 shop-Inner-X Deep AWS::Lambda::Function UPDATE_IN_PROGRESS
70
75 shop-Inner-X Deep AWS::Lambda::Function UPDATE_FAILED Resource handler returned message: \"The runtime parameter of nodejs12.x is no longer supported for creating or updating AWS Lambda functions\"
76 shop TheTopicThatTellsEverybodyInTheCompanyWhatTheShopHasSoldAndToWhomAndWhenItWillBeThere AWS::SNS::Topic CREATE_FAILED Resource creation cancelled
77 shop shop AWS::CloudFormation::Stack UPDATE_ROLLBACK_IN_PROGRESS The following resource(s) failed to update: [Inner].
78 shop Jobs AWS::SQS::Queue UPDATE_IN_PROGRESS
3700
3701 shop Jobs AWS::SQS::Queue UPDATE_COMPLETE
3702 shop shop AWS::CloudFormation::Stack UPDATE_ROLLBACK_COMPLETE
";

/// When it began: noon.
const NOON: i64 = 1_767_268_800;

/// What the recording says at a line: an event, or a moment.
fn read(line: &str) -> Result<StackEvent, Timestamp> {
    let mut words = line.splitn(6, ' ');
    let time: i64 = words.next().and_then(|it| it.parse().ok()).unwrap();
    let time = Timestamp((NOON + time) * 1000);
    let Some(stack) = words.next() else { return Err(time) };
    let [logical_id, type_name, status] = [(); 3].map(|()| words.next().unwrap().to_owned());
    let arn = |stack: &str| format!("arn:aws:cloudformation:us-east-1:123456789012:stack/{stack}/1");
    let physical_id = match logical_id.as_str() {
        "Inner" => arn("shop-Inner-X"),
        it if it == stack => arn(stack),
        it => format!("shop-{it}-1"),
    };
    Ok(StackEvent {
        id: line.to_owned(),
        stack: arn(stack),
        logical_id,
        physical_id: Some(physical_id),
        type_name,
        time,
        status: ResourceStatus::new(status),
        reason: words.next().map(str::to_owned),
        token: None,
        properties: None,
    })
}

/// Everything that is printed, a frame after the other; without a screen, what does not change anything is no frame.
fn frames(screen: Option<Screen>) -> String {
    let files = MemoryFiles::with([("asi.yaml", FILE.as_bytes())]);
    let written: Deployables = ops::synthesize(&files, Path::new("asi.yaml"), None, &[]).into();
    let origins = Origins { stacks: &written.stacks, sources: &written.sources };
    let style =
        Style { is_drawn: screen.is_some(), is_quiet: false, all: false, command: "asi deploy".to_owned() };
    let mut live = Live::new(origins, style);
    let text = |doc: &Doc| anstream::adapter::strip_str(&render::terminal(doc)).to_string();
    let fitting = |doc: &Doc| screen.map_or_else(|| text(doc), |it| render::cut(&text(doc), it.columns));
    let mut story = String::new();
    let mut hear = |title: &str, news: &News<'_>| {
        let frame = live.hear("shop", news);
        let above = frame.above.iter().map(|part| match part {
            Part::Line(said) => format!("{said}\n"),
            Part::Doc(doc) => text(doc),
            Part::Event(doc) => {
                let said = fitting(doc);
                assert!(screen.is_none_or(|it| said.lines().all(|said| said.chars().count() <= it.columns)));
                said
            }
        });
        let above: String = above.collect();
        let Some(screen) = screen else {
            story += &above;
            return;
        };
        let table = frame.table.as_ref().map(fitting).unwrap_or_default();
        assert!(table.lines().all(|it| it.chars().count() <= screen.columns), "{table}");
        let rule = "-".repeat(screen.columns - title.len() - 1);
        writeln!(story, "{title} {rule}").unwrap();
        story += &[above.as_str(), &table].concat();
    };
    let steps = ["Jobs", "Inner"].map(str::to_owned);
    hear("began", &News::Began(&steps));
    let mut events = Vec::new();
    for line in RECORDED.lines() {
        match read(line) {
            Ok(event) => {
                hear(&event.time.to_string(), &News::Event(&event));
                events.push(event);
            }
            Err(moment) => hear(&moment.to_string(), &News::Moment(moment)),
        }
    }
    let causes: Vec<Cause> = asi::deploy::causes(&events);
    let (objections, troubles) = (Vec::new(), Vec::new());
    hear("ended", &News::Ended(&Ending::Failed { stack: None, causes, objections, troubles }));
    story
}

#[test]
fn a_table_is_drawn_again_and_nothing_in_it_is_wider_than_the_terminal() {
    let wide = |columns| frames(Some(Screen { columns, rows: 24 }));
    golden("deploy/live-80.txt", &wide(80));
    golden("deploy/live-140.txt", &wide(140));
}

#[test]
fn a_pipe_gets_a_line_for_each_event() {
    golden("deploy/live-pipe.txt", &frames(None));
}

#[test]
fn a_table_is_taken_away_before_anything_else_is_printed() {
    let server = Server::start();
    let world = asi::world::World { screen: || Some(Screen { columns: 60, rows: 4 }), ..at(&server, SHOP) };
    let printed = run(&["deploy", "-y"], &world).err;
    // Each table has three lines at most, and is taken away by going up as many.
    let mut drawn = 0;
    for part in printed.split_inclusive("\x1b[J") {
        let (text, up) = match part.strip_suffix("A\x1b[J").and_then(|it| it.rsplit_once("\r\x1b[")) {
            Some((text, up)) => (text, up.parse::<usize>().unwrap()),
            None => (part, 0),
        };
        assert!(up <= 3 && up <= text.lines().count(), "{part:?}");
        drawn += usize::from(up > 0);
    }
    assert!(drawn > 2, "{printed:?}");
    assert!(printed.ends_with("s\n") && printed.contains("`shop` is deployed, in "), "{printed:?}");
}
