//! GitLab's interface for programs: notes of merge requests.

use serde_json::{Value, json};

use super::{
    Comment, Fault, ForgeError,
    rest::{Answer, Call, Rest},
};

/// The most pages of notes that are read, of a hundred each.
const MOST_PAGES: u32 = 100;

pub(super) struct GitLab {
    pub(super) rest: Rest,
    /// The number of the project.
    pub(super) project: String,
}

impl GitLab {
    /// Who asks.
    pub(super) async fn me(&self) -> Result<String, ForgeError> {
        const OPERATION: &str = "say whose the token is";
        let url = format!("{}/user", self.rest.api);
        let answer = self.ask(OPERATION, "GET", url, None).await?;
        let name = answer.json.get("username").and_then(Value::as_str);
        name.map(str::to_owned).ok_or_else(|| self.garbled(OPERATION))
    }

    pub(super) async fn comments(&self, request: u64, me: &str) -> Result<Vec<Comment>, ForgeError> {
        const OPERATION: &str = "list the notes";
        let notes = self.url(&format!("/merge_requests/{request}/notes"));
        let mut comments = Vec::new();
        let mut page = 1;
        while page <= MOST_PAGES {
            let url = format!("{notes}?per_page=100&order_by=created_at&sort=asc&page={page}");
            let answer = self.ask(OPERATION, "GET", url, None).await?;
            let listed = answer.json.as_array().ok_or_else(|| self.garbled(OPERATION))?;
            let is_mine = |it: &&Value| it.pointer("/author/username").and_then(Value::as_str) == Some(me);
            for it in listed.iter().filter(is_mine) {
                comments.push(comment(it).ok_or_else(|| self.garbled(OPERATION))?);
            }
            // The last page has an empty one.
            let next = answer.header("x-next-page").and_then(|it| it.trim().parse().ok());
            let Some(next) = next.filter(|it| *it > page) else { break };
            page = next;
        }
        Ok(comments)
    }

    pub(super) async fn create(&self, request: u64, body: &str) -> Result<(), ForgeError> {
        let url = self.url(&format!("/merge_requests/{request}/notes"));
        self.ask("write a note", "POST", url, Some(&json!({"body": body}))).await.map(drop)
    }

    pub(super) async fn update(&self, request: u64, comment: &Comment, body: &str) -> Result<(), ForgeError> {
        let url = self.url(&format!("/merge_requests/{request}/notes/{}", comment.id));
        self.ask("change a note", "PUT", url, Some(&json!({"body": body}))).await.map(drop)
    }

    /// The merge request whose merge made a commit, or ended with it.
    pub(super) async fn merged(&self, commit: &str) -> Result<Option<u64>, ForgeError> {
        const OPERATION: &str = "find the merge request of the commit";
        let url = self.url(&format!("/repository/commits/{commit}/merge_requests"));
        let answer = self.ask(OPERATION, "GET", url, None).await?;
        let requests = answer.json.as_array().ok_or_else(|| self.garbled(OPERATION))?;
        let is_it = |it: &&Value| {
            let text = |name: &str| it.get(name).and_then(Value::as_str);
            let commits = ["merge_commit_sha", "squash_commit_sha", "sha"];
            text("state") == Some("merged") && commits.iter().any(|it| text(it) == Some(commit))
        };
        Ok(requests.iter().find(is_it).and_then(|it| it.get("iid")?.as_u64()))
    }

    async fn ask(
        &self,
        operation: &'static str,
        method: &'static str,
        url: String,
        body: Option<&Value>,
    ) -> Result<Answer, ForgeError> {
        self.rest.ask(&Call { operation, method, url, body, is_safe: method != "POST" }).await
    }

    fn url(&self, path: &str) -> String {
        format!("{}/projects/{}{path}", self.rest.api, self.project)
    }

    fn garbled(&self, operation: &'static str) -> ForgeError {
        self.rest.error(operation, Fault::Garbled("it has not the form it should have".to_owned()))
    }
}

fn comment(it: &Value) -> Option<Comment> {
    let body = it.get("body")?.as_str()?.to_owned();
    Some(Comment { id: it.get("id")?.as_u64()?, node: String::new(), body })
}
