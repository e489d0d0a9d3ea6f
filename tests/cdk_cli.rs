//! The CDK's own CLI on what we write: it lists, synthesizes, compares, deploys and deletes our stacks as we do.
//!
//! Each run of it takes a second or two: tests share runs, and make them side by side.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::Command,
    thread,
};

use crate::support::{asi, peer::peer, root};
use asi::{cli::Exit, world::SystemFiles};
use serde_json::{Value, json};

/// The systems of the examples, with the folders they are in.
const SYSTEMS: [&str; 5] =
    ["alius-simplex", "art-service", "citrusbyte", "jubilant-happiness", "pipeline-mini-project"];

/// The CLI in a folder of its own.
struct Cdk {
    program: PathBuf,
    folder: PathBuf,
    variables: Vec<(&'static str, String)>,
}

/// What a run of the CLI printed: results, and everything else.
struct Printed {
    out: String,
    err: String,
}

impl Cdk {
    /// The CLI in an empty folder of this name, if it is installed.
    fn at(name: &str) -> Option<Self> {
        let program = peer("ASI_TEST_CDK", "the CDK's CLI")?;
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("cdk-cli").join(name);
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        Some(Self { program, folder, variables: Vec::new() })
    }

    /// The same, in a folder with `asi` as its app on this stack file.
    fn with_app(name: &str, stack: &str) -> Option<Self> {
        let cdk = Self::at(name)?;
        fs::write(cdk.folder.join("asi.yaml"), stack).unwrap();
        let app = json!({ "app": format!("{} synth", env!("CARGO_BIN_EXE_asi")) });
        fs::write(cdk.folder.join("cdk.json"), app.to_string()).unwrap();
        Some(cdk)
    }

    /// Runs it, which checks all manifests by their schemas.
    #[track_caller]
    fn run(&self, arguments: &[&str]) -> Printed {
        let output = Command::new(&self.program)
            .args(arguments)
            .args(["--no-notices", "--no-version-reporting"])
            .current_dir(&self.folder)
            .env("TESTING_CDK", "1")
            .env("CDK_DISABLE_VERSION_CHECK", "1")
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .env("NO_COLOR", "1")
            .env("HOME", &self.folder)
            .env_remove("CI")
            .envs(self.variables.iter().map(|(name, it)| (name, it)))
            .output()
            .unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        let (out, err) = (text(output.stdout), text(output.stderr));
        assert!(output.status.success(), "cdk {}\n{out}{err}", arguments.join(" "));
        Printed { out, err }
    }

    fn read(&self, file: &str) -> Value {
        serde_json::from_str(&fs::read_to_string(self.folder.join(file)).unwrap()).unwrap()
    }
}

/// What `asi` prints in this process.
#[track_caller]
fn printed(arguments: &[&str]) -> String {
    let run = asi(arguments, SystemFiles);
    assert_eq!(run.exit, Exit::Done, "asi {}\n{}", arguments.join(" "), run.err);
    run.out
}

/// The template before: one resource that nobody needs is not there yet, and some have another setting.
fn earlier(template: &Value) -> Value {
    let mut before = template.clone();
    let resources = before["Resources"].as_object_mut().unwrap();
    for resource in resources.values_mut() {
        let changed = match resource["Type"].as_str().unwrap() {
            "AWS::Logs::LogGroup" => ("RetentionInDays", json!(3653)),
            "AWS::EC2::VPC" => ("EnableDnsSupport", json!(false)),
            "AWS::ECR::Repository" => ("ImageScanningConfiguration", json!({ "ScanOnPush": false })),
            "AWS::ECS::Cluster" => ("ClusterSettings", json!([])),
            _ => continue,
        };
        resource["Properties"][changed.0] = changed.1;
    }
    let text = template.to_string();
    let is_alone =
        |it: &&String| text.matches(&format!("\"{it}\"")).count() == 1 && !text.contains(&format!("${{{it}"));
    let alone = resources.keys().rev().find(is_alone).unwrap().clone();
    resources.shift_remove(&alone);
    before
}

/// The resources that the CLI says change, by their logical ids, which it puts last but for what becomes of them.
fn changed_by_cdk(said: &str, among: &BTreeSet<String>) -> BTreeSet<String> {
    let lines = said
        .lines()
        .filter(|it| ["[+] AWS::", "[-] AWS::", "[~] AWS::"].iter().any(|mark| it.starts_with(mark)));
    lines.map(|it| it.split(' ').rfind(|word| among.contains(*word)).unwrap_or(it).to_owned()).collect()
}

fn check_system(cdk: &Cdk, system: &str) {
    let (file, output) = (root().join("examples").join(system).join("asi.yaml"), cdk.folder.join(system));
    let (file, output) = (file.to_str().unwrap(), output.to_str().unwrap());
    assert_eq!(printed(&["synth", "-f", file, "-o", output]), "");
    let listed = printed(&["ls", "-f", file]);
    assert_eq!(cdk.run(&["ls", "-a", output]).out, listed);
    for stack in listed.lines() {
        let ours: Value =
            serde_json::from_str(&printed(&["synth", "-f", file, stack, "--format", "json"])).unwrap();
        let theirs = cdk.run(&["synth", "-a", output, "-e", "-j", stack]).out;
        assert_eq!(serde_json::from_str::<Value>(&theirs).unwrap(), ours, "{stack}");

        let before = format!("{system}/{stack}.before.json");
        fs::write(cdk.folder.join(&before), earlier(&ours).to_string()).unwrap();
        let before = cdk.folder.join(before);
        let (before, after) = (before.to_str().unwrap(), format!("{output}/{stack}.template.json"));
        let compared: Value =
            serde_json::from_str(&printed(&["diff", "--format", "json", before, &after])).unwrap();
        let resources =
            compared["stacks"].as_array().unwrap().iter().flat_map(|it| it["resources"].as_array().unwrap());
        let changed: BTreeSet<String> = resources.map(|it| it["id"].as_str().unwrap().to_owned()).collect();
        let ids = ours["Resources"].as_object().unwrap().keys().cloned().collect();
        let said = cdk.run(&["diff", "-a", output, "-e", stack, "--template", before]);
        assert_eq!(changed_by_cdk(&said.err, &ids), changed, "{stack}\n{}", said.err);
        assert!(!changed.is_empty());
    }
}

#[test]
fn the_cdk_lists_synthesizes_and_compares_the_systems_of_the_examples_as_we_do() {
    let Some(cdk) = Cdk::at("systems") else { return };
    thread::scope(|scope| {
        for system in SYSTEMS {
            let cdk = &cdk;
            scope.spawn(move || check_system(cdk, system));
        }
    });
}

/// An app of two stacks with a warning in one of them.
const SHOP: &str = "app: shop\nregion: eu-west-3\nstacks:\n  app:\n    constructs:\n      \
                    files: {type: Bucket, versions: true, expire: 30d}\n    resources:\n      \
                    Uri: {Type: AWS::SSM::Parameter, Properties: {Type: String, Value: !GetAtt infra.repo.uri}}\n  \
                    infra: {constructs: {repo: {type: Repository}}}\n";

#[test]
fn asi_is_an_app_of_the_cdk() {
    let Some(cdk) = Cdk::with_app("app", SHOP) else { return };
    let listed = cdk.run(&["ls", "--show-dependencies", "--json"]).out;
    let alone = json!({ "id": "shop-infra", "dependencies": [] });
    let expected = json!([{ "id": "shop-app", "dependencies": [alone] }, alone]);
    assert_eq!(serde_json::from_str::<Value>(&listed).unwrap(), expected);
    let file = cdk.folder.join("asi.yaml");
    let file = file.to_str().unwrap();
    assert_eq!(listed, printed(&["ls", "--show-dependencies", "--json", "-q", "-f", file]));
    let synth = cdk.run(&["synth", "-e", "-j", "shop-app"]);
    let ours = printed(&["synth", "-q", "-f", file, "shop-app", "--format", "json"]);
    let (ours, theirs): (Value, Value) =
        (serde_json::from_str(&ours).unwrap(), serde_json::from_str(&synth.out).unwrap());
    assert_eq!(theirs, ours);
    let warning = "asi.yaml:6:53\n\
                   WARNING what expires stays for ever, as an earlier version (asi)\n   shop-app/files asi.Bucket\n   \
                   Suggested fix: add `keepVersions: 30d`, or `versions: false` to delete it at once\n   \
                   Acknowledge with 'asi::expired-versions'\n";
    assert!(synth.err.contains(warning), "{}", synth.err);
    let template = cdk.folder.join("cdk.out/shop-app.template.json");
    let diff = cdk.run(&["diff", "-e", "shop-app", "--template", template.to_str().unwrap()]);
    assert!(diff.err.contains("There were no differences"), "{}", diff.err);
    assert_eq!(cdk.read("cdk.out/manifest.json")["version"], "36.0.0");
}

#[cfg(feature = "aws")]
mod deployed {
    use std::collections::VecDeque;

    use super::*;
    use crate::support::cloudformation::Server;

    const ACCOUNT: &str = "123456789012";

    /// The CLI, with this server for AWS.
    fn on(server: &Server, region: &str, cdk: Cdk) -> Cdk {
        server.at(ACCOUNT, region, |it| {
            it.parameters.insert("/cdk-bootstrap/hnb659fds/version".to_owned(), "30".to_owned());
        });
        let variables = [
            ("AWS_ENDPOINT_URL", server.url()),
            ("AWS_ACCESS_KEY_ID", "AKIATESTER".to_owned()),
            ("AWS_SECRET_ACCESS_KEY", "secret".to_owned()),
            ("AWS_REGION", region.to_owned()),
        ];
        Cdk { variables: variables.into(), ..cdk }
    }

    #[test]
    fn the_cdk_looks_up_what_a_stack_file_asks_for() {
        let stack = format!(
            "app: shop\naccount: \"{ACCOUNT}\"\nregion: eu-west-3\nconstructs:\n  \
             net: {{type: ImportedNetwork, lookup: {{default: true}}}}\n  \
             web: {{type: FargateService, network: net, image: \"nginx:1.29\", port: 80}}\n"
        );
        let Some(cdk) = Cdk::with_app("lookup", &stack) else { return };
        let server = Server::start();
        let cdk = on(&server, "eu-west-3", cdk);
        let subnet = |id: &str, zone: &str, range: &str| {
            format!(
                "<item><subnetId>{id}</subnetId><availabilityZone>{zone}</availabilityZone>\
                 <cidrBlock>{range}</cidrBlock><mapPublicIpOnLaunch>true</mapPublicIpOnLaunch></item>"
            )
        };
        let subnets = subnet("subnet-00000001", "eu-west-3a", "172.31.0.0/20")
            + &subnet("subnet-00000002", "eu-west-3b", "172.31.16.0/20");
        let answers = [
            (
                "DescribeVpcs",
                "<vpcSet><item><vpcId>vpc-0a1b2c3d</vpcId><cidrBlock>172.31.0.0/16</cidrBlock>\
                 <ownerId>123456789012</ownerId></item></vpcSet>"
                    .to_owned(),
            ),
            ("DescribeSubnets", format!("<subnetSet>{subnets}</subnetSet>")),
            (
                "DescribeRouteTables",
                "<routeTableSet><item><routeTableId>rtb-1</routeTableId><associationSet><item><main>true</main></item>\
                 </associationSet><routeSet><item><destinationCidrBlock>0.0.0.0/0</destinationCidrBlock>\
                 <gatewayId>igw-1</gatewayId></item></routeSet></item></routeTableSet>"
                    .to_owned(),
            ),
            ("DescribeVpnGateways", "<vpnGatewaySet/>".to_owned()),
        ];
        server.at(ACCOUNT, "eu-west-3", |account| {
            for (action, answer) in answers {
                let body = format!("<{action}Response>{answer}</{action}Response>");
                account.scripted.insert(action.to_owned(), VecDeque::from([body]));
            }
        });
        let synth = cdk.run(&["synth", "-j"]);
        let template: Value = serde_json::from_str(&synth.out).unwrap();
        let resources = template["Resources"].as_object().unwrap().values();
        let service = resources.clone().find(|it| it["Type"] == "AWS::ECS::Service").unwrap();
        let network = &service["Properties"]["NetworkConfiguration"]["AwsvpcConfiguration"];
        assert_eq!(network["Subnets"], json!(["subnet-00000001", "subnet-00000002"]));
        let context = cdk.read("cdk.context.json");
        let kept: Vec<&String> = context.as_object().unwrap().keys().collect();
        let key = "vpc-provider:account=123456789012:filter.isDefault=true:region=eu-west-3:returnAsymmetricSubnets=true";
        assert_eq!(kept, [key]);
        assert_eq!(server.count("DescribeVpcs"), 1);
        // What the CLI has kept, `asi` finds by itself.
        let file = cdk.folder.join("asi.yaml");
        let ours = printed(&["synth", "-f", file.to_str().unwrap(), "--format", "json"]);
        assert_eq!(serde_json::from_str::<Value>(&ours).unwrap(), template);
    }

    #[test]
    fn the_cdk_deploys_and_deletes_what_asi_synthesizes() {
        let file = root().join("examples/alius-simplex/asi.yaml");
        let stack = fs::read_to_string(&file).unwrap();
        let Some(cdk) = Cdk::with_app("deploy", &stack) else { return };
        let server = Server::start();
        let cdk = on(&server, "us-west-2", cdk);
        let deployed = cdk.run(&["deploy", "testex-prod", "--require-approval", "never"]);
        assert!(deployed.out.contains(":stack/testex-prod/"), "{}", deployed.out);
        let (status, template) = server.at(ACCOUNT, "us-west-2", |it| {
            let stack = it.stack("testex-prod").unwrap();
            (stack.status.clone(), stack.source.template.body.clone())
        });
        assert_eq!(status, "CREATE_COMPLETE");
        let ours = printed(&["synth", "-f", file.to_str().unwrap(), "testex-prod", "--format", "json"]);
        assert_eq!(template, serde_json::from_str::<Value>(&ours).unwrap());
        // The tool that comes next finds nothing to do.
        let again = cdk.run(&["deploy", "testex-prod", "--require-approval", "never"]);
        assert!(again.err.contains("testex-prod (no changes)"), "{}", again.err);
        assert_eq!(server.count("ExecuteChangeSet"), 1);
        cdk.run(&["destroy", "testex-prod", "--force"]);
        let is_there =
            server.at(ACCOUNT, "us-west-2", |it| it.stack("testex-prod").is_some_and(|it| !it.is_gone()));
        assert!(!is_there);
    }
}
