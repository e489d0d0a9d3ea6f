//! GitHub's interface for programs: comments by REST, and who wrote and changed them by GraphQL.

use serde_json::{Value, json};

use super::{
    Comment, Fault, ForgeError,
    rest::{Answer, Call, Rest},
};

/// The most pages of comments that are read, of a hundred each.
const MOST_PAGES: usize = 100;

pub(super) struct GitHub {
    pub(super) rest: Rest,
    /// `acme/shop`.
    pub(super) repository: String,
}

impl GitHub {
    /// Who asks. The token of a workflow may not ask that by REST.
    pub(super) async fn me(&self) -> Result<String, ForgeError> {
        const OPERATION: &str = "say whose the token is";
        let data = self.query(OPERATION, &json!({"query": "query{viewer{login}}"})).await?;
        let login = data.pointer("/viewer/login").and_then(Value::as_str);
        login.map(str::to_owned).ok_or_else(|| self.garbled(OPERATION))
    }

    pub(super) async fn comments(&self, request: u64, me: &str) -> Result<Vec<Comment>, ForgeError> {
        const OPERATION: &str = "list the comments";
        let mut url = self.url(&format!("/issues/{request}/comments?per_page=100"));
        let mut comments = Vec::new();
        for _ in 0..MOST_PAGES {
            let answer = self.ask(OPERATION, "GET", url.clone(), None).await?;
            let page = answer.json.as_array().ok_or_else(|| self.garbled(OPERATION))?;
            let is_mine = |it: &&Value| it.pointer("/user/login").and_then(Value::as_str) == Some(me);
            for it in page.iter().filter(is_mine) {
                comments.push(comment(it).ok_or_else(|| self.garbled(OPERATION))?);
            }
            let Some(next) = answer.header("link").and_then(next) else { return Ok(comments) };
            if !self.rest.is_here(next) {
                return Err(self.rest.error(OPERATION, Fault::Elsewhere(next.to_owned())));
            }
            next.clone_into(&mut url);
        }
        Ok(comments)
    }

    pub(super) async fn create(&self, request: u64, body: &str) -> Result<(), ForgeError> {
        let url = self.url(&format!("/issues/{request}/comments"));
        self.ask("write a comment", "POST", url, Some(&json!({"body": body}))).await.map(drop)
    }

    pub(super) async fn update(&self, comment: &Comment, body: &str) -> Result<(), ForgeError> {
        let url = self.url(&format!("/issues/comments/{}", comment.id));
        self.ask("change a comment", "PATCH", url, Some(&json!({"body": body}))).await.map(drop)
    }

    /// The pull request whose merge made a commit, or ended with it.
    pub(super) async fn merged(&self, commit: &str) -> Result<Option<u64>, ForgeError> {
        const OPERATION: &str = "find the pull request of the commit";
        let answer = self.ask(OPERATION, "GET", self.url(&format!("/commits/{commit}/pulls")), None).await?;
        let pulls = answer.json.as_array().ok_or_else(|| self.garbled(OPERATION))?;
        let is_it = |it: &&Value| {
            let text = |name: &str| it.get(name).and_then(Value::as_str);
            text("merged_at").is_some() && text("merge_commit_sha") == Some(commit)
        };
        Ok(pulls.iter().find(is_it).and_then(|it| it.get("number")?.as_u64()))
    }

    /// Whether nobody but its author has changed a comment.
    pub(super) async fn is_untouched(&self, comment: &Comment) -> Result<bool, ForgeError> {
        const OPERATION: &str = "say who changed the comment";
        const QUERY: &str =
            "query($id:ID!){node(id:$id){...on IssueComment{viewerDidAuthor author{login} editor{login}}}}";
        let body = json!({"query": QUERY, "variables": {"id": comment.node}});
        let data = self.query(OPERATION, &body).await?;
        let node = data.get("node").filter(|it| it.is_object()).ok_or_else(|| self.garbled(OPERATION))?;
        let login = |of: &str| node.get(of)?.get("login")?.as_str();
        let is_mine = node.get("viewerDidAuthor").and_then(Value::as_bool) == Some(true);
        Ok(is_mine && login("editor").is_none_or(|it| login("author") == Some(it)))
    }

    /// Asks by GraphQL, which says with success that it does not do something.
    async fn query(&self, operation: &'static str, body: &Value) -> Result<Value, ForgeError> {
        // `https://HOST/api/v3` of an enterprise has `https://HOST/api/graphql` beside it.
        let api = self.rest.api.strip_suffix("/v3").unwrap_or(&self.rest.api);
        let call = Call {
            operation,
            method: "POST",
            url: format!("{api}/graphql"),
            body: Some(body),
            is_safe: true,
        };
        let mut answer = self.rest.ask(&call).await?.json;
        if let Some(error) = answer.get("errors").and_then(|it| it.get(0)) {
            let text = |name: &str| error.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
            let fault = match text("type").as_str() {
                "FORBIDDEN" => Fault::Denied(text("message")),
                _ => Fault::Refused { status: 200, message: text("message") },
            };
            return Err(self.rest.error(operation, fault));
        }
        Ok(answer["data"].take())
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
        format!("{}/repos/{}{path}", self.rest.api, self.repository)
    }

    fn garbled(&self, operation: &'static str) -> ForgeError {
        self.rest.error(operation, Fault::Garbled("it has not the form it should have".to_owned()))
    }
}

fn comment(it: &Value) -> Option<Comment> {
    let text = |name: &str| Some(it.get(name)?.as_str()?.to_owned());
    Some(Comment {
        id: it.get("id")?.as_u64()?,
        node: text("node_id")?,
        body: text("body").unwrap_or_default(),
    })
}

/// The address of the next page in a header `Link`.
fn next(link: &str) -> Option<&str> {
    link.split(',').find_map(|it| {
        let (url, relation) = it.trim().strip_prefix('<')?.split_once('>')?;
        relation.split(';').any(|it| it.trim() == "rel=\"next\"").then_some(url)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_page_is_found_among_others() {
        let link = r#"<https://x/?page=1>; rel="prev", <https://x/?page=3>; rel="next", <https://x/?page=9>; rel="last""#;
        assert_eq!(next(link), Some("https://x/?page=3"));
        assert_eq!(next(r#"<https://x/?page=1>; rel="first""#), None);
        assert_eq!(next("next"), None);
    }
}
