//! The image a container runs: of a repository in the stack, of another on ECR, public, or built of a folder.

use crate::{
    kernel::{asset::ImageBuild, diagnostic::nearest, expr::ExprKind, node::NodeKind, prelude::*},
    repository,
    targets::Architecture,
};

/// Tags that are moved from image to image by habit.
const MOVING: &[&str] = &["latest", "main", "master", "edge", "nightly"];

/// Stands for a reference where only the text around it matters.
const REFERENCE: char = '\u{fffc}';

/// An image, as written.
#[derive(Clone, Debug)]
pub enum Image {
    /// One that is in a registry.
    Pushed(Pushed),
    /// One that is built of a folder, and where that is written.
    Built(Built, Span),
}

/// An image that is in a registry.
#[derive(Clone, Debug)]
pub struct Pushed {
    text: Text,
    /// What stands before the tag, if that may be the name of a Repository.
    name: Option<Name>,
}

properties! {
    /// An image that is built of a folder.
    pub struct Built {
        /// The folder, from that of the stack file: `./web`. What its `.dockerignore` names is not sent to docker, and
        /// makes no difference.
        build: Spanned<String>,
        /// The file in it that says how. If absent, `Dockerfile`.
        file: Option<String>,
        /// The stage of that file to stop at. If absent, the last.
        target: Option<String>,
        /// Values for its arguments. They stay in the image: no place for secrets.
        arguments: IndexMap<String, String> = "{}",
        /// The platform it is for, such as `linux/arm64`. If absent, the one that the task runs on.
        platform: Option<String>,
    }
}

impl Property for Image {
    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        let is_folder = |it: &str| it == "." || it.starts_with("./") || it.starts_with("../");
        match &node.kind {
            NodeKind::Map(_) if node.is_group() => Some(Self::Built(Built::read(node, reader)?, node.span)),
            NodeKind::String(text) if is_folder(text) => {
                let build = Spanned::read(node, reader)?;
                let (file, target, platform) = (None, None, None);
                Some(Self::Built(
                    Built { build, file, target, arguments: IndexMap::new(), platform },
                    node.span,
                ))
            }
            _ => Some(Self::Pushed(Pushed { text: Text::read(node, reader)?, name: first_name(node) })),
        }
    }

    fn shape() -> Shape {
        let text = "an image with its tag: `<Repository>:<tag>`, or one of a public registry or ECR; or a folder it is built of, \
                    such as `./web`";
        Shape::Either(vec![Shape::text(text), Built::shape()])
    }

    fn names<'a>(&'a self, see: &mut dyn FnMut(&'a Name)) {
        if let Self::Pushed(pushed) = self {
            pushed.text.names(see);
            pushed.name.iter().for_each(see);
        }
    }
}

/// What stands before the tag or digest, with its place, unless it is more than a name.
fn first_name(node: &Node) -> Option<Name> {
    let text = node.as_str()?;
    let name = &text[..text.find([':', '@'])?];
    let span = node.inset.part(node.span, text, 0, name.len());
    (!name.is_empty() && !name.contains(['/', '$']))
        .then(|| Name { is_certain: false, ..Name::new(name, span) })
}

/// An image, and what it takes to pull it.
pub(crate) struct Pulled {
    /// Where it is pulled from.
    pub(crate) uri: Expr<Handle>,
    /// The ARN of the repository on ECR that it is in, if it is.
    pub(crate) arn: Option<Expr<Handle>>,
    /// The Repository of the stack that it is in, or will be.
    pub(crate) repository: Option<repository::Exports>,
}

impl Image {
    /// Reports an image that says nothing of its version, or nothing that lasts.
    pub(crate) fn check(&self, faults: &mut Vec<Diagnostic>) {
        match self {
            Self::Pushed(pushed) => pushed.check(faults),
            // Its version is what it is made of.
            Self::Built(..) => (),
        }
    }

    /// The image, in terms of the stack, for a task that runs on `architecture`.
    pub(crate) fn resolve(&self, scope: &mut Scope<'_>, architecture: Architecture) -> Pulled {
        match self {
            Self::Pushed(pushed) => pushed.resolve(scope),
            Self::Built(built, span) => built.resolve(scope, *span, architecture),
        }
    }
}

impl Built {
    fn resolve(&self, scope: &mut Scope<'_>, span: Span, architecture: Architecture) -> Pulled {
        let platform = match architecture {
            Architecture::X86_64 => "linux/amd64",
            Architecture::Arm64 => "linux/arm64",
        };
        let tag = scope.image(
            ImageBuild {
                folder: self.build.value.clone(),
                file: self.file.clone(),
                target: self.target.clone(),
                arguments: self.arguments.iter().map(|(name, it)| (name.clone(), it.clone())).collect(),
                platform: Some(self.platform.clone().unwrap_or_else(|| platform.to_owned())),
            },
            span,
        );
        let [account, region, suffix] =
            ["AWS::AccountId", "AWS::Region", "AWS::URLSuffix"].map(Expr::<Handle>::pseudo);
        let host = text![account.clone(), ".dkr.ecr.", region.clone(), ".", suffix];
        let repository = format!("/cdk-{}-container-assets-", scope.qualifier());
        let uri = text![host, repository, account, "-", region, ":", tag];
        Pulled { arn: on_ecr(&Sketch::of(&uri)), uri, repository: None }
    }
}

impl Pushed {
    /// Reports an image that says nothing of its version, or nothing that lasts.
    fn check(&self, faults: &mut Vec<Diagnostic>) {
        let sketch = Sketch::of(&self.text.0);
        let last = sketch.text.rsplit('/').next().unwrap_or_default();
        if last.contains('@') {
            return;
        }
        match last.split_once(':') {
            Some((_, tag)) if MOVING.contains(&tag) => faults.push(
                Diagnostic::warning(
                    "image-tag",
                    format!("the tag `{tag}` moves: a deployment cannot tell one image from the next"),
                )
                .at(self.text.span())
                .help("use a tag of its own for each image, given by a parameter: `${param.ImageTag}`"),
            ),
            Some((_, "")) => faults.push(no_tag(self.text.span())),
            // It may come with the reference.
            None if last.ends_with(REFERENCE) => (),
            Some(_) => (),
            None => faults.push(no_tag(self.text.span())),
        }
    }

    /// The image, in terms of the stack.
    fn resolve(&self, scope: &mut Scope<'_>) -> Pulled {
        let value = scope.text(&self.text);
        if let Some(name) = &self.name {
            if let Some(repository) = scope.get::<repository::Exports>(&name.text) {
                let uri = text![repository.uri.clone(), value.without_first(name.text.len())];
                return Pulled { uri, arn: Some(repository.arn.clone()), repository: Some(repository) };
            }
            let repositories = scope.offering::<repository::Exports>();
            let known: Vec<&str> = repositories.iter().map(String::as_str).collect();
            if let Some(near) = nearest(&name.text, &known).map(str::to_owned) {
                scope.report(
                    Diagnostic::warning(
                        "image-name",
                        format!("`{}` is no Repository here, and is pulled from Docker Hub", name.text),
                    )
                    .at(name.span)
                    .help(format!("did you mean `{near}`? If not, write `docker.io/library/{}`", name.text)),
                );
            }
        }
        if let Some(repository) = by_uri(&value, scope) {
            return Pulled { uri: value, arn: Some(repository.arn.clone()), repository: Some(repository) };
        }
        Pulled { arn: on_ecr(&Sketch::of(&value)), uri: value, repository: None }
    }
}

fn no_tag(span: Span) -> Diagnostic {
    Diagnostic::error("image-tag", "the image has no tag")
        .at(span)
        .help("add the version to run, such as `:1.0.0` or `:${param.ImageTag}`")
}

/// The repository of the stack whose `RepositoryUri` the image begins with.
fn by_uri(value: &Expr<Handle>, scope: &Scope<'_>) -> Option<repository::Exports> {
    match &value.kind {
        ExprKind::Concat(parts) => by_uri(parts.first()?, scope),
        ExprKind::GetAtt(handle, attribute) if attribute == "RepositoryUri" => {
            let names = scope.offering::<repository::Exports>();
            let mut constructs = names.iter().filter_map(|it| scope.get::<repository::Exports>(it));
            let construct = constructs.find(|it| it.uri == *value);
            Some(construct.unwrap_or_else(|| repository::Exports {
                name: handle.reference(),
                arn: handle.attribute("Arn"),
                uri: handle.attribute("RepositoryUri"),
                rules: None,
                grantable: repository::grantable(&handle.attribute("Arn")),
            }))
        }
        _ => None,
    }
}

/// The ARN of the repository, if the image is `<account>.dkr.ecr.<region>.<domain>/<repository>:<tag>`.
fn on_ecr(image: &Sketch<Handle>) -> Option<Expr<Handle>> {
    let (host, path) = image.text.split_once('/')?;
    let (account, rest) = host.split_once(".dkr.ecr.")?;
    let (region, domain) = rest.split_once('.')?;
    if !matches!(domain, "amazonaws.com" | "amazonaws.com.cn") && !domain.starts_with(REFERENCE) {
        return None;
    }
    let name = &path[..path.find([':', '@']).unwrap_or(path.len())];
    let partition = Expr::pseudo("AWS::Partition");
    Some(text![
        "arn:",
        partition,
        ":ecr:",
        image.part(region),
        ":",
        image.part(account),
        ":repository/",
        image.part(name),
    ])
}

/// A text in which each reference is one character.
struct Sketch<R> {
    text: String,
    references: Vec<Expr<R>>,
}

impl<R: Clone> Sketch<R> {
    fn of(value: &Expr<R>) -> Self {
        let parts = match &value.kind {
            ExprKind::Concat(parts) => parts.as_slice(),
            _ => std::slice::from_ref(value),
        };
        let mut sketch = Self { text: String::new(), references: Vec::new() };
        for part in parts {
            if let Some(text) = part.as_str() {
                sketch.text.push_str(text);
            } else {
                sketch.text.push(REFERENCE);
                sketch.references.push(part.clone());
            }
        }
        sketch
    }

    /// What a slice of its text stands for.
    fn part(&self, slice: &str) -> Expr<R> {
        let start = slice.as_ptr() as usize - self.text.as_ptr() as usize;
        let mut references = self.references.iter().skip(self.text[..start].matches(REFERENCE).count());
        let pieces = slice.split_inclusive(REFERENCE).flat_map(|piece| {
            let text = piece.trim_end_matches(REFERENCE);
            let reference = (text.len() < piece.len()).then(|| references.next().cloned()).flatten();
            [Some(Expr::from(text.to_owned())), reference]
        });
        Expr::concat(pieces.flatten().collect::<Vec<_>>())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::testing::{Stack, stack};

    fn with(image: &str) -> Stack {
        stack(&format!(
            "repo: {{type: Repository}}\nn: {{type: Network}}\nweb: {{type: FargateService, network: n, image: {image}, port: 80}}"
        ))
    }

    /// The image, and the repository it may be pulled from.
    #[track_caller]
    fn check(image: &str, uri: &str, repository: &Value) {
        let stack = with(image);
        assert_eq!(stack.faults(), [""; 0]);
        assert_eq!(stack.properties("web/TaskDef/Resource")["ContainerDefinitions"][0]["Image"], uri);
        let policy = stack.properties("web/TaskDef/ExecutionRole/DefaultPolicy/Resource");
        let mut statements = vec![json!({
            "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
            "Effect": "Allow",
            "Resource": "${web/TaskDef/web/LogGroup/Resource.Arn}",
        })];
        if !repository.is_null() {
            let pull = json!({
                "Action": ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
                "Effect": "Allow",
                "Resource": repository,
            });
            let log_in = json!({ "Action": "ecr:GetAuthorizationToken", "Effect": "Allow", "Resource": "*" });
            statements.splice(0..0, [pull, log_in]);
        }
        assert_eq!(policy["PolicyDocument"]["Statement"], json!(statements));
    }

    #[test]
    fn is_pulled_from_a_repository_of_the_stack() {
        let (uri, arn) = ("${repo/Resource.RepositoryUri}", json!("${repo/Resource.Arn}"));
        check("repo:1.0.0", &format!("{uri}:1.0.0"), &arn);
        check("'repo:${param.Param}'", &format!("{uri}:${{Param}}"), &arn);
        check("'repo@sha256:0123'", &format!("{uri}@sha256:0123"), &arn);
        check("'${repo.uri}:1.0.0'", &format!("{uri}:1.0.0"), &arn);
    }

    #[test]
    fn is_pulled_from_another_repository_on_ecr() {
        check(
            "111122223333.dkr.ecr.eu-west-3.amazonaws.com/shop/web:1.0",
            "111122223333.dkr.ecr.eu-west-3.amazonaws.com/shop/web:1.0",
            &json!("arn:${AWS::Partition}:ecr:eu-west-3:111122223333:repository/shop/web"),
        );
        let own = "${AWS::AccountId}.dkr.ecr.${AWS::Region}.${AWS::URLSuffix}/web-${param.Param}";
        check(
            &format!("'{own}:1.0'"),
            &format!("{}:1.0", own.replace("param.", "")),
            &json!("arn:${AWS::Partition}:ecr:${AWS::Region}:${AWS::AccountId}:repository/web-${Param}"),
        );
    }

    #[test]
    fn is_pulled_from_a_public_registry() {
        check("public.ecr.aws/nginx/nginx:1.29", "public.ecr.aws/nginx/nginx:1.29", &Value::Null);
        check("nginx:1.29", "nginx:1.29", &Value::Null);
        check("'localhost:5000/web:1.29'", "localhost:5000/web:1.29", &Value::Null);
        check("'${param.Param}'", "${Param}", &Value::Null);
    }

    #[test]
    fn is_built_of_a_folder() {
        let place = "${AWS::AccountId}-${AWS::Region}";
        let name = format!("cdk-hnb659fds-container-assets-{place}");
        let uri = format!(
            "${{AWS::AccountId}}.dkr.ecr.${{AWS::Region}}.${{AWS::URLSuffix}}/{name}:{}",
            "0".repeat(64)
        );
        let arn =
            format!("arn:${{AWS::Partition}}:ecr:${{AWS::Region}}:${{AWS::AccountId}}:repository/{name}");
        check("./web", &uri, &json!(arn));
        check("{build: ../web, file: Dockerfile.prod, target: app, arguments: {A: b}}", &uri, &json!(arn));
    }

    #[test]
    fn points_at_an_image_without_a_version() {
        for image in ["nginx", "repo", "repo:", "localhost:5000/web"] {
            let image = format!("'{image}'");
            assert_eq!(with(&image).faults(), [format!("image-tag at `{image}`: the image has no tag")]);
        }
        assert_eq!(
            with("nginx:latest").faults(),
            [
                "image-tag at `nginx:latest`: the tag `latest` moves: a deployment cannot tell one image from the next"
            ]
        );
        assert_eq!(with("'nginx:latest@sha256:0123'").faults(), [""; 0]);
    }

    #[test]
    fn points_at_what_is_almost_a_repository() {
        let message = "`rpeo` is no Repository here, and is pulled from Docker Hub";
        assert_eq!(with("rpeo:1").faults(), [format!("image-name at `rpeo`: {message}")]);
        assert_eq!(with("'rpeo:1'").faults(), [format!("image-name at `rpeo`: {message}")]);
        assert_eq!(with(r#""rp\x65o:1""#).faults(), [format!(r#"image-name at `"rp\x65o:1"`: {message}"#)]);
    }
}
