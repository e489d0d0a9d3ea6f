//! What can be deployed: the stacks of a stack file, or those of somebody's cloud assembly.

use std::path::{Path, PathBuf};

use asi_constructs::kernel::{
    diagnostic::{Diagnostic, has_errors},
    id::LogicalId,
    node::Node,
    span::Sources,
};

use super::{Synthesis, Synthesized, Target, built, validate::inputs::LARGEST_MANIFEST};
use crate::{
    assembly::{self, Assets, Bootstrap, FileAsset, FileSource, ListedStack},
    load,
    template::Template,
    world::Files,
};

/// A stack that can be deployed.
#[derive(Clone, Debug)]
pub struct Deployable {
    /// Where to.
    pub target: Target,
    /// What it becomes.
    pub template: Template,
    /// Whether it is one of several of its app.
    pub is_part: bool,
    /// The files and images that have to be in buckets and registries before.
    pub assets: Assets,
    /// The folder that these are made in.
    pub folder: PathBuf,
    /// What its assembly says of its deployment, if it comes from one.
    pub assembled: Option<Assembled>,
}

/// What an assembly says of the deployment of a stack.
#[derive(Clone, Debug, Default)]
pub struct Assembled {
    /// The name people know the stack by.
    pub name: String,
    /// Where CloudFormation finds the template, as `s3://bucket/key`.
    pub template_url: Option<String>,
    /// What has to be there before.
    pub bootstrap: Option<Bootstrap>,
    /// The values of parameters.
    pub parameters: Vec<(String, String)>,
    /// Whether it is to be protected from deletion.
    pub is_protected: Option<bool>,
}

/// What can be deployed, and what is wrong with it.
#[derive(Clone, Debug, Default)]
pub struct Deployables {
    /// The stacks; none, if something is wrong.
    pub stacks: Vec<Deployable>,
    /// What is wrong, and what is worth a warning.
    pub diagnostics: Vec<Diagnostic>,
    /// The files that were read.
    pub sources: Sources,
}

impl Deployable {
    /// A stack that needs nothing but its template.
    pub(in crate::ops) fn new(target: Target, template: Template, is_part: bool) -> Self {
        let (assets, folder) = (Assets::default(), PathBuf::new());
        Self { target, template, is_part, assets, folder, assembled: None }
    }

    /// Whether something has to be packed, built, or made by a program.
    pub(in crate::ops) fn needs_making(&self) -> bool {
        let is_made = |it: &FileAsset| !matches!(it.source, FileSource::File(_));
        !self.assets.images.is_empty() || self.assets.files.iter().any(is_made)
    }
}

impl From<Synthesized> for Deployable {
    fn from(it: Synthesized) -> Self {
        let (target, is_part) = (Target::of(&it.stack), it.stack.part.is_some());
        let images = it.template.images.iter().map(built::asset).collect();
        let assets = Assets { images, ..Assets::default() };
        Self { assets, folder: it.folder, ..Self::new(target, it.template, is_part) }
    }
}

impl From<Synthesis> for Deployables {
    fn from(it: Synthesis) -> Self {
        let stacks = it.stacks.into_iter().map(Deployable::from).collect();
        Self { stacks, diagnostics: it.diagnostics, sources: it.sources }
    }
}

/// The stacks of the assembly in `folder` with these names, and unless they are deployed `exclusively`, all that they
/// need; without names, all stacks.
pub fn assembled(files: &dyn Files, folder: &Path, names: &[String], exclusively: bool) -> Deployables {
    let mut found = Deployables::default();
    found.read(files, folder);
    if !names.is_empty() {
        found.choose(names, exclusively);
    }
    if has_errors(&found.diagnostics) {
        found.stacks.clear();
    }
    found
}

impl Deployables {
    fn read(&mut self, files: &dyn Files, folder: &Path) {
        let manifest = files.read(&folder.join(assembly::MANIFEST), LARGEST_MANIFEST).ok();
        let Some(listed) = manifest.and_then(|it| assembly::stacks(&it)) else {
            let fault = format!("there is no cloud assembly in `{}`", folder.display());
            let fault = Diagnostic::error("no-template", fault);
            self.diagnostics
                .push(fault.help("name a folder with a `manifest.json`, such as `cdk synth` writes"));
            return;
        };
        for it in listed.stacks {
            let (root, faults) = load::read(files, &folder.join(&it.template), &mut self.sources);
            self.diagnostics.extend(faults);
            if let Some(root) = root {
                let assets = self.assets(files, folder, &it.assets);
                self.stacks.push(deployable(it, root, folder, assets));
            }
        }
        for nested in listed.assemblies {
            self.read(files, &folder.join(nested));
        }
    }

    /// The files and images of these manifests.
    fn assets(&mut self, files: &dyn Files, folder: &Path, manifests: &[String]) -> Assets {
        let mut all = Assets::default();
        for name in manifests {
            let manifest = files.read(&folder.join(name), LARGEST_MANIFEST).ok();
            match manifest.and_then(|it| assembly::assets(&it)) {
                Some(listed) => {
                    all.files.extend(listed.files);
                    all.images.extend(listed.images);
                    let path = folder.join(name);
                    self.diagnostics.extend(listed.unusable.iter().map(|it| unusable(it, &path)));
                }
                None => {
                    let fault = format!("`{}` lists no files", folder.join(name).display());
                    let fault = Diagnostic::error("no-template", fault);
                    self.diagnostics.push(fault.help("have the assembly written again"));
                }
            }
        }
        all
    }

    fn choose(&mut self, names: &[String], exclusively: bool) {
        let is_called = |it: &Deployable, name: &str| {
            it.target.name == name || it.assembled.as_ref().is_some_and(|it| it.name == name)
        };
        let known = self.stacks.iter().filter_map(|it| it.assembled.as_ref()).map(|it| it.name.as_str());
        let known: Vec<&str> = known.collect();
        for name in names.iter().filter(|name| !self.stacks.iter().any(|it| is_called(it, name))) {
            let fault = Diagnostic::error("unknown-stack", format!("there is no stack `{name}`"));
            self.diagnostics.push(fault.suggest(name, known.iter().copied()));
        }
        let is_named = |it: &&Deployable| names.iter().any(|name| is_called(it, name));
        let mut wanted: Vec<String> =
            self.stacks.iter().filter(is_named).map(|it| it.target.name.clone()).collect();
        let mut at = 0;
        while at < wanted.len() && !exclusively {
            let needs =
                self.stacks.iter().find(|it| it.target.name == wanted[at]).map(|it| &it.template.needs);
            let further: Vec<String> =
                needs.into_iter().flatten().filter(|it| !wanted.contains(it)).cloned().collect();
            wanted.extend(further);
            at += 1;
        }
        self.stacks.retain(|it| wanted.contains(&it.target.name));
    }
}

fn deployable(it: ListedStack, root: Node, folder: &Path, assets: Assets) -> Deployable {
    let mut template = Template::new(root);
    let paths = it.paths.into_iter();
    template.paths = paths.filter_map(|(id, path)| Some((LogicalId::checked(&id).ok()?, path))).collect();
    template.tags = it.tags.into_iter().collect();
    template.needs = it.needs;
    let assembled = Assembled {
        name: it.name,
        template_url: it.template_url,
        bootstrap: it.bootstrap,
        parameters: it.parameters.into_iter().collect(),
        is_protected: it.is_protected,
    };
    let target = Target {
        name: it.stack_name,
        environment: None,
        region: it.region,
        account: it.account,
        roles: it.roles,
    };
    let folder = folder.to_owned();
    Deployable { target, template, is_part: true, assets, folder, assembled: Some(assembled) }
}

/// An asset that cannot be made of what the assembly says.
fn unusable(asset: &str, manifest: &Path) -> Diagnostic {
    let manifest = manifest.display();
    let fault = format!(
        "`{manifest}` does not say of `{asset}` what in this assembly it is made of, and where it goes"
    );
    let help = "have the assembly written again, with the files of its assets in it: without `--no-staging`";
    Diagnostic::error("assets", fault).help(help)
}
