//! Pictures: that nothing overlaps, whatever is drawn, and what those of the examples look like.

use std::{path::Path, sync::OnceLock};

use asi::{
    cli::Exit,
    graph::{self, Arrow, ArrowKind, Card, Graph, Group, GroupKind, Layout, Point, Rect, Role},
    ops, render,
    world::{MemoryFiles, SystemFiles},
};
use asi_constructs::CATALOGUE;

use crate::support::{asi, files, golden, read, root, stem};

/// An app of two stacks, the network in one, services in the other.
const TWO: &str = "
app: shop
stacks:
  infra:
    constructs:
      net: {type: Network, cidr: 10.20.0.0/16, zones: 2, vpn: {routes: {private: [10.0.0.0/8]}}}
      repo: {type: Repository}
    resources:
      Office: {Type: AWS::EC2::CustomerGateway, Properties: {IpAddress: 203.0.113.1, Type: ipsec.1, BgpAsn: 65000}}
      Tunnel:
        Type: AWS::EC2::VPNConnection
        Properties: {CustomerGatewayId: !Ref Office, VpnGatewayId: !GetAtt net.vpnGatewayId, Type: ipsec.1}
  app:
    constructs:
      web: {type: FargateService, network: infra.net, image: 'infra.repo:1', port: 8080, health: /}
      api: {type: FargateService, network: infra.net, image: 'infra.repo:1', port: 9000, health: /}
";

/// A system with something of everything.
const LARGE: &str = "
app: shop
constructs:
  net: {type: Network, zones: 3, nat: perZone}
  repo: {type: Repository}
  cluster: {type: Cluster}
  web: {type: FargateService, network: net, cluster: cluster, image: 'repo:1', port: 8080, health: /}
  api: {type: FargateService, network: net, cluster: cluster, image: 'repo:1', port: 9000, health: /}
  admin: {type: FargateService, network: net, cluster: cluster, image: 'public.ecr.aws/nginx/nginx:1.29', port: 80}
  mailer: {type: Worker, network: net, cluster: cluster, image: 'repo:1', topics: [orders]}
  report: {type: ScheduledTask, network: net, cluster: cluster, image: 'repo:1', schedule: rate(1 day)}
  uploads: {type: Bucket}
  orders: {type: Topic}
  office: {type: WafWhitelist, target: admin, paths: [/admin], allow: [203.0.113.0/24]}
  site: {type: Subdomain, zone: example.com, name: shop, target: web}
  delivery:
    type: Pipeline
    source: {github: acme/shop, branch: main, connection: 'arn:aws:codeconnections:eu-west-1:111122223333:connection/1'}
    deploy: web
resources:
  Sessions: {Type: AWS::SSM::Parameter, Properties: {Type: String, Value: x}}
";

fn drawn(text: &str, names: &[&str]) -> Graph {
    let files = MemoryFiles::with([("asi.yaml", text.as_bytes())]);
    let names: Vec<String> = names.iter().map(|it| (*it).to_owned()).collect();
    let drawing = ops::graph(&files, Path::new("asi.yaml"), None, &names);
    drawing.graph.unwrap_or_else(|| panic!("{:#?}", drawing.diagnostics))
}

/// The stack files of the examples, with their names.
fn examples() -> Vec<(String, String)> {
    let folders = files("examples", "");
    let file = |it: &std::path::PathBuf| format!("examples/{}/asi.yaml", stem(it));
    folders.iter().filter(|it| root().join(file(it)).exists()).map(|it| (stem(it), read(&file(it)))).collect()
}

/// Everything there is to draw, with a name.
fn graphs() -> Vec<(String, Graph)> {
    let constructs = CATALOGUE.iter().map(|it| (it.kind.to_owned(), drawn(it.example, &[])));
    let examples = examples().into_iter().map(|(name, text)| (name, drawn(&text, &[])));
    let own = [("two", TWO), ("large", LARGE)].map(|(name, text)| (name.to_owned(), drawn(text, &[])));
    constructs.chain(examples).chain(own).chain([("hostile".to_owned(), hostile())]).collect()
}

/// Cards that all have to do with each other, with names nobody should have.
fn hostile() -> Graph {
    let name = |at: usize| format!("<script>alert(\"{at}\")</script>&'{}", "long ".repeat(30));
    let card = |at: usize| Card {
        role: if at == 0 { Role::Internet } else { Role::Other },
        name: name(at),
        kind: name(at),
        facts: vec![name(at); at % 5],
        group: (at > 2).then_some(at % 2),
        is_quiet: at > 5,
        resources: Vec::new(),
    };
    let group = |parent| Group {
        kind: GroupKind::Network { is_guest: parent == Some(0) },
        name: name(0),
        about: name(1),
        parts: vec![name(2)],
        parent,
        resources: Vec::new(),
    };
    let pairs = (0..8).flat_map(|from| (0..8).map(move |to| (from, to))).filter(|(from, to)| from != to);
    let arrow = |(from, to)| Arrow {
        from,
        to,
        kind: if (from + to) % 2 == 0 { ArrowKind::Traffic } else { ArrowKind::Reference },
        label: ["<b>", "", ":80"][(from * to) % 3].to_owned(),
    };
    Graph {
        title: name(9),
        subtitle: name(9),
        groups: vec![group(None), group(Some(0))],
        cards: (0..8).map(card).collect(),
        arrows: pairs.map(arrow).collect(),
    }
}

fn piece(a: Point, b: Point) -> Rect {
    Rect { x: a.x.min(b.x), y: a.y.min(b.y), width: (a.x - b.x).abs(), height: (a.y - b.y).abs() }
}

/// The same with their layouts, made once for all tests.
fn laid_out() -> &'static [(String, Graph, Layout)] {
    static ALL: OnceLock<Vec<(String, Graph, Layout)>> = OnceLock::new();
    ALL.get_or_init(|| {
        let lay_out = |(name, graph)| {
            let layout = graph::layout(&graph);
            (name, graph, layout)
        };
        graphs().into_iter().map(lay_out).collect()
    })
}

#[test]
fn no_two_cards_overlap_and_neighbouring_groups_do_not_either() {
    for (name, graph, layout) in laid_out() {
        for (at, card) in layout.cards.iter().enumerate() {
            for (other, it) in layout.cards.iter().enumerate().skip(at + 1) {
                assert!(
                    !card.overlaps(it),
                    "{name}: {} and {}",
                    graph.cards[at].name,
                    graph.cards[other].name
                );
            }
        }
        for (at, group) in layout.groups.iter().enumerate() {
            for (other, it) in layout.groups.iter().enumerate().skip(at + 1) {
                let are_neighbours = graph.groups[at].parent == graph.groups[other].parent;
                assert!(!are_neighbours || !group.overlaps(it), "{name}: {at} and {other}");
            }
            for (card, it) in layout.cards.iter().enumerate() {
                let is_within = graph.groups_of(card).contains(&at);
                assert!(is_within || !group.overlaps(it), "{name}: {} in a group", graph.cards[card].name);
            }
        }
    }
}

#[test]
fn everything_is_inside_its_group_and_below_its_title() {
    for (name, graph, layout) in laid_out() {
        for (at, card) in layout.cards.iter().enumerate() {
            assert!(layout.size.contains(card), "{name}: {}", graph.cards[at].name);
            for group in graph.groups_of(at) {
                assert!(layout.groups[group].contains(card), "{name}: {}", graph.cards[at].name);
            }
            let mut headers = layout.headers.iter();
            assert!(!headers.any(|it| it.overlaps(card)), "{name}: {}", graph.cards[at].name);
        }
        for (at, group) in graph.groups.iter().enumerate() {
            let outer = group.parent.map_or(layout.size, |it| layout.groups[it]);
            assert!(outer.contains(&layout.groups[at]), "{name}: {}", group.name);
            assert!(layout.groups[at].contains(&layout.headers[at]), "{name}: {}", group.name);
        }
    }
}

#[test]
fn arrows_go_from_border_to_border_around_all_cards() {
    for (name, graph, layout) in laid_out() {
        for (arrow, path) in graph.arrows.iter().zip(&layout.paths) {
            let ends = [arrow.from, arrow.to].map(|it| graph.cards[it].name.as_str());
            let [first, .., last] = path.as_slice() else { panic!("{name}: no way for {ends:?}") };
            assert!(layout.cards[arrow.from].has_on_border(*first), "{name}: {ends:?}");
            assert!(layout.cards[arrow.to].has_on_border(*last), "{name}: {ends:?}");
            for it in path.windows(2) {
                let piece = piece(it[0], it[1]);
                assert!(piece.width == 0 || piece.height == 0, "{name}: {ends:?} is askew");
                assert!(layout.size.contains(&piece), "{name}: {ends:?}");
                // A line touches a card where it ends, and no other.
                let body = piece.grown(1);
                let crossed = layout.cards.iter().find(|it| it.grown(-2).overlaps(&body));
                assert_eq!(crossed, None, "{name}: {ends:?} crosses a card");
            }
        }
    }
}

#[test]
fn labels_lie_on_their_arrows_and_on_nothing_else() {
    for (name, graph, layout) in laid_out() {
        for (at, label) in layout.labels.iter().enumerate() {
            let Some(label) = label else { continue };
            let what = &graph.arrows[at];
            assert!(layout.size.contains(label), "{name}: {what:?}");
            let on = |it: &[Point]| label.overlaps(&piece(it[0], it[1]).grown(1));
            assert!(layout.paths[at].windows(2).any(on), "{name}: {what:?} is written elsewhere");
            assert!(!layout.cards.iter().any(|it| it.overlaps(label)), "{name}: {what:?} lies on a card");
            assert!(!layout.headers.iter().any(|it| it.overlaps(label)), "{name}: {what:?} lies on a title");
            let mut others = layout.labels.iter().skip(at + 1).flatten();
            assert!(!others.any(|it| it.overlaps(label)), "{name}: {what:?} lies on another");
        }
    }
}

#[test]
fn what_is_said_of_traffic_has_room() {
    for (name, graph, layout) in laid_out().iter().filter(|(name, ..)| name != "hostile") {
        for (arrow, label) in graph.arrows.iter().zip(&layout.labels) {
            let is_said = arrow.kind != ArrowKind::Traffic || arrow.label.is_empty() || label.is_some();
            assert!(is_said, "{name}: {arrow:?}");
        }
    }
}

#[test]
fn every_construct_has_a_card_or_is_a_group() {
    for entry in CATALOGUE {
        let graph = drawn(entry.example, &[]);
        let is_card = graph.cards.iter().any(|it| it.kind == entry.kind);
        let is_group = graph.groups.iter().any(|it| it.about.split(" · ").next() == Some(entry.kind));
        assert!(is_card || is_group, "{}: {graph:#?}", entry.kind);
    }
}

#[test]
fn pictures_of_the_examples_look_as_they_did() {
    for (name, text) in examples() {
        let files = || MemoryFiles::with([("asi.yaml", text.as_bytes())]);
        let svg = asi(&["graph"], files());
        assert_eq!((svg.exit, svg.err.as_str()), (Exit::Done, ""), "{name}");
        golden(&format!("graph/{name}.svg"), &svg.out);
        golden(&format!("graph/{name}.mmd"), &asi(&["graph", "--format", "mermaid"], files()).out);
    }
}

#[test]
fn an_svg_is_well_formed_and_needs_nothing_else() {
    for (name, graph, layout) in laid_out() {
        let svg = render::svg(&graph::picture(graph, layout));
        let mut open: Vec<&str> = Vec::new();
        for tag in svg.split('<').skip(1) {
            let (tag, text) = tag.split_once('>').unwrap();
            let word = tag.split([' ', '/']).next().unwrap();
            match tag.strip_prefix('/') {
                Some(end) => assert_eq!(open.pop(), Some(end), "{name}: {tag}"),
                None if tag.ends_with('/') => (),
                None => open.push(word),
            }
            assert!(
                ["svg", "title", "desc", "style", "rect", "text", "g", "path", ""].contains(&word),
                "{name}: {word}"
            );
            assert_eq!(tag.matches('"').count() % 2, 0, "{name}: {tag}");
            let entities =
                ["&amp;", "&lt;", "&gt;", "&quot;", "&#39;"].iter().map(|it| text.matches(it).count());
            assert_eq!(text.matches('&').count(), entities.sum::<usize>(), "{name}: {text}");
        }
        assert!(open.is_empty(), "{name}: {open:?}");
        for outside in ["url(", "@import", "href", "http://www.w3.org/1999"] {
            assert!(!svg.contains(outside), "{name}: {outside}");
        }
    }
}

#[test]
fn traffic_and_references_cross_stacks() {
    let graph = drawn(TWO, &[]);
    let name = |at: usize| format!("{} {}", graph.cards[at].name, graph.cards[at].kind);
    let arrows: Vec<String> = graph
        .arrows
        .iter()
        .map(|it| format!("{:?} {} > {} {}", it.kind, name(it.from), name(it.to), it.label))
        .collect();
    let expected = [
        "Traffic Internet Everybody > web Load balancer :80",
        "Traffic Internet Everybody > api Load balancer :80",
        "Traffic web Load balancer > web FargateService :8080",
        "Traffic api Load balancer > api FargateService :9000",
        "Traffic 203.0.113.1 VPN peer > net VPN gateway IPsec",
        "Reference web FargateService > repo Repository pulls",
        "Reference api FargateService > repo Repository pulls",
    ];
    assert_eq!(arrows, expected);
    let groups: Vec<String> =
        graph.groups.iter().map(|it| format!("{} {} {}", it.name, it.about, it.parts.join(" "))).collect();
    let expected = [
        "infra Stack shop-infra ",
        "app Stack shop-app ",
        "net Network · 10.20.0.0/16 · NAT per zone ",
        "Public subnets  zone 1 · 10.20.0.0/18 zone 2 · 10.20.64.0/18",
        "Private subnets  zone 1 · 10.20.128.0/18 zone 2 · 10.20.192.0/18",
        "infra.net Network · 10.20.0.0/16 · NAT per zone ",
        "Public subnets  ",
        "Private subnets  ",
    ];
    assert_eq!(groups, expected);
}

#[test]
fn a_stack_that_is_named_is_drawn_alone_in_the_network_of_another() {
    let graph = drawn(TWO, &["shop-app"]);
    assert_eq!(graph.title, "shop-app");
    let cards: Vec<&str> = graph.cards.iter().map(|it| it.kind.as_str()).collect();
    assert_eq!(cards, ["FargateService", "Load balancer", "FargateService", "Load balancer", "Everybody"]);
    let groups: Vec<&str> = graph.groups.iter().map(|it| it.name.as_str()).collect();
    assert_eq!(groups, ["infra.net", "Public subnets", "Private subnets"]);
}

#[test]
fn a_picture_is_written_into_a_file_whole() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("graph");
    std::fs::create_dir_all(&folder).unwrap();
    let (file, svg) = (folder.join("asi.yaml"), folder.join("docs/shop.svg"));
    std::fs::write(&file, TWO).unwrap();
    let run = asi(&["graph", "-f", file.to_str().unwrap(), "-o", svg.to_str().unwrap()], SystemFiles);
    assert_eq!((run.exit, run.out.as_str(), run.err.as_str()), (Exit::Done, "", ""));
    let printed = asi(&["graph", "-f", file.to_str().unwrap()], SystemFiles);
    assert_eq!(std::fs::read_to_string(svg).unwrap(), printed.out);
}

#[test]
fn a_template_and_an_assembly_are_drawn_like_the_stack_they_came_from() {
    let template = asi(&["synth"], MemoryFiles::with([("asi.yaml", LARGE.as_bytes())]));
    assert_eq!(template.exit, Exit::Done, "{}", template.err);
    let manifest = r#"{"version": "36.0.0", "artifacts": {"shop": {
        "type": "aws:cloudformation:stack", "properties": {"templateFile": "shop.yaml"}}}}"#;
    let files = || {
        let files = [("out/manifest.json", manifest), ("out/shop.yaml", template.out.as_str())];
        MemoryFiles::with(files.map(|(path, text)| (path, text.as_bytes())))
    };
    let one = asi(&["graph", "-f", "out/shop.yaml"], files());
    let all = asi(&["graph", "-f", "out"], files());
    assert_eq!((one.exit, one.err.as_str()), (Exit::Done, ""));
    assert_eq!(one.out, all.out);
    for part in ["Public subnets", "3 tries, then aside", ":80 → :8080", "acme/shop"] {
        assert!(all.out.contains(part), "{part}");
    }
    let unknown = asi(&["graph", "-f", "out", "shop-prod"], files());
    assert_eq!(unknown.exit, Exit::Input);
    assert!(unknown.err.contains("there is no stack `shop-prod`"), "{}", unknown.err);
}

#[test]
fn the_manifest_of_an_assembly_tells_the_constructs() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("graph-assembly");
    std::fs::create_dir_all(&folder).unwrap();
    let (file, out) = (folder.join("asi.yaml"), folder.join("out"));
    std::fs::write(&file, TWO).unwrap();
    let run = asi(&["synth", "-f", file.to_str().unwrap(), "-o", out.to_str().unwrap()], SystemFiles);
    assert_eq!((run.exit, run.err.as_str()), (Exit::Done, ""));
    let drawing = ops::graph(&SystemFiles, &out, None, &["shop-app".to_owned()]);
    let graph = drawing.graph.unwrap();
    let cards: Vec<String> = graph.cards.iter().map(|it| format!("{} {}", it.name, it.kind)).collect();
    assert_eq!(
        cards,
        [
            "web ECS Service",
            "web Load balancer",
            "api ECS Service",
            "api Load balancer",
            "Internet Everybody"
        ]
    );
    assert_eq!(graph.groups[0].name, "net");
}

#[test]
fn what_is_wrong_with_the_stack_file_is_told_instead() {
    let run = asi(
        &["graph"],
        MemoryFiles::with([("asi.yaml", b"app: shop\nconstructs: {a: {type: Bukket}}\n".as_slice())]),
    );
    assert_eq!((run.exit, run.out.as_str()), (Exit::Input, ""));
    assert!(run.err.contains("error[unknown-type]"), "{}", run.err);
}
