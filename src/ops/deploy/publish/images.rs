//! Images in their registries: built by docker, or made by a program, and pushed.

use std::{cell::RefCell, collections::BTreeSet};

use futures_util::{StreamExt as _, stream};

use super::{AT_ONCE, Publishing, Step, Unpublished, program};
use crate::{
    assembly::{Build, ImageAsset, ImageSource},
    ops::deploy::Ending,
    world::{Program, aws::Aws},
};

/// Another program that takes docker's commands, as the CDK has it.
const DOCKER: &str = "CDK_DOCKER";
/// With what docker and podman end where there is no such image.
const NO_IMAGE: [i32; 2] = [1, 125];

/// An image that is built, and is to be pushed under this name.
struct Built<'a> {
    image: &'a ImageAsset,
    name: String,
}

impl Publishing<'_, '_, '_> {
    /// Pushes the images that are not there yet: one is built after the other, all are pushed at once.
    pub(super) async fn images(&self, images: &[ImageAsset]) -> Result<(), Ending> {
        let registries = RefCell::default();
        let mut built = Vec::new();
        for image in images {
            let one = self.built(image, &registries).await;
            built.extend(one.map_err(|it| it.of_docker(&self.docker()).of(&image.name))?);
        }
        let pushed = stream::iter(built).map(|it| self.pushed(it)).buffered(AT_ONCE);
        let pushed: Vec<Result<(), Ending>> = pushed.collect().await;
        pushed.into_iter().collect()
    }

    /// Builds an image and gives it its name, unless it is there already.
    async fn built<'i>(
        &self,
        image: &'i ImageAsset,
        registries: &RefCell<BTreeSet<String>>,
    ) -> Result<Option<Built<'i>>, Unpublished> {
        let (aws, target) = (&self.publishers[&image.place], &self.deploying.stack.target);
        let (repository, tag) = (target.filled(&image.repository, aws), target.filled(&image.tag, aws));
        let uri = aws.repository_uri(&repository).await?;
        let uri = uri.ok_or_else(|| Unpublished::NoRepository(repository.clone()))?;
        if aws.has_image(&repository, &tag).await? {
            return Ok(None);
        }
        let registry = uri.split('/').next().unwrap_or_default().to_owned();
        if !registries.borrow().contains(&registry) {
            self.log_in(aws).await?;
            registries.borrow_mut().insert(registry);
        }
        let local = match &image.source {
            ImageSource::Build(build) => {
                let local = format!("cdkasset-{}", image.id.to_lowercase());
                if !self.has(&local).await? {
                    self.tell(&image.name, Step::Made);
                    self.build(build, &local).await?;
                }
                local
            }
            ImageSource::Program(words) => {
                self.tell(&image.name, Step::Made);
                let folder = Some(self.deploying.stack.folder.clone());
                self.make(words, Program { folder, ..program(words) }).await?
            }
        };
        let name = format!("{uri}:{tag}");
        self.docker_does(&["tag", &local, &name]).await?;
        Ok(Some(Built { image, name }))
    }

    async fn pushed(&self, built: Built<'_>) -> Result<(), Ending> {
        self.tell(&built.image.name, Step::Sent);
        let pushed = self.docker_does(&["push", &built.name]).await;
        pushed.map(|_| ()).map_err(|it| it.of_docker(&self.docker()).of(&built.image.name))
    }

    /// Whether there is an image of this name on this machine.
    async fn has(&self, name: &str) -> Result<bool, Unpublished> {
        match self.docker_does(&["inspect", name]).await {
            Ok(_) => Ok(true),
            Err(Unpublished::Failed { code: Some(code), .. }) if NO_IMAGE.contains(&code) => Ok(false),
            Err(error) => Err(error),
        }
    }

    async fn build(&self, build: &Build, name: &str) -> Result<(), Unpublished> {
        let program = self.call(&arguments(build, name));
        let folder = Some(self.deploying.stack.folder.join(&build.folder));
        // What docker would tell besides of how it built it is an image to registries, and confuses who lists them.
        let variables = vec![("BUILDX_NO_DEFAULT_ATTESTATIONS".to_owned(), "1".to_owned())];
        self.run(Program { folder, variables, ..program }, &format!("{} build", self.docker())).await?;
        Ok(())
    }

    /// Lets docker push to the registry of who calls. The password goes by a pipe: arguments can be seen by everybody.
    async fn log_in(&self, aws: &Aws) -> Result<(), Unpublished> {
        let login = aws.login().await?;
        let arguments = ["login", "--username", &login.user, "--password-stdin", &login.registry];
        let program = Program { input: login.password.into_bytes(), ..self.call(&arguments) };
        self.run(program, &format!("{} login", self.docker())).await?;
        Ok(())
    }

    async fn docker_does(&self, arguments: &[&str]) -> Result<String, Unpublished> {
        self.run(self.call(arguments), &format!("{} {}", self.docker(), arguments[0])).await
    }

    fn call(&self, arguments: &[impl AsRef<str>]) -> Program {
        Program::new(&self.docker(), arguments.iter().map(AsRef::as_ref))
    }

    /// What is called docker here.
    fn docker(&self) -> String {
        self.deploying.world.variables.get(DOCKER).unwrap_or_else(|| "docker".to_owned())
    }
}

/// What docker builds an image with, in the order in which the CDK says it.
fn arguments(build: &Build, name: &str) -> Vec<String> {
    let mut arguments = vec!["build".to_owned()];
    let mut add = |option: &str, value: String| arguments.extend([option.to_owned(), value]);
    for (key, value) in &build.arguments {
        add("--build-arg", format!("{key}={value}"));
    }
    for (key, value) in &build.contexts {
        add("--build-context", format!("{key}={value}"));
    }
    for (key, value) in &build.secrets {
        add("--secret", format!("id={key},{value}"));
    }
    let named = [
        ("--ssh", build.ssh.as_deref()),
        ("--tag", Some(name)),
        ("--target", build.target.as_deref()),
        ("--file", build.file.as_deref()),
        ("--network", build.network.as_deref()),
        ("--platform", build.platform.as_deref()),
    ];
    for (option, value) in named {
        value.into_iter().for_each(|it| add(option, it.to_owned()));
    }
    arguments.extend(build.outputs.iter().map(|it| format!("--output={it}")));
    let caches = build.cache_from.iter().map(|it| ("--cache-from", it));
    for (option, value) in caches.chain(build.cache_to.iter().map(|it| ("--cache-to", it))) {
        arguments.extend([option.to_owned(), value.clone()]);
    }
    if build.is_cache_disabled {
        arguments.push("--no-cache".to_owned());
    }
    arguments.push(".".to_owned());
    arguments
}
