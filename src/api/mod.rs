//! The HTTP API, in two stages. [`entry`] runs in the stateless Worker: it decides who asks for what. [`Object::handle`] runs in the
//! user's object and answers. One file for each resource.

pub mod admin_route;
pub mod approvals;
pub mod call;
pub mod chat;
pub mod cors;
pub mod entry;
pub mod error_form;
pub mod link;
pub mod page;
pub mod placeholders;
pub mod problem;
pub mod query;
pub mod rate;
pub mod reply;
pub mod routes;

mod admin;
mod body;
mod client_id;
mod completions;
mod documents;
mod employees;
mod etag;
mod export;
mod facts;
mod feedback;
mod fields;
mod files;
mod health;
mod hooks;
mod import;
mod me;
mod messages;
mod not_found;
mod openapi;
mod passages;
mod path;
mod pictures;
mod search;
mod sessions;
mod usage;

use std::rc::Rc;

use self::approvals::ApprovalRequest;
pub use self::body::MAX_BODY_BYTES;
use self::body::{read, read_from_worker, read_within};
use self::call::ObjectCall;
use self::not_found::no_approval;
use self::reply::ReplyOf;
use self::routes::UserRoute;
use crate::error::Error;
use crate::log;
use crate::ports::{Platform, RequestBody};
use crate::user::Object;

impl<P: Platform> Object<P> {
    /// Answers a call. An error becomes a reply here, and a fault is logged.
    pub async fn handle<B: RequestBody + 'static>(self: &Rc<Self>, call: ObjectCall, body: B) -> ReplyOf<P> {
        let answered = self.answer(&call, body).await;
        self.deliver_vault_later(&call.user);
        match answered {
            Ok(reply) if call.route.has_etag() => etag::conditional(
                reply,
                call.user.id,
                &self.config.pii_master_keys,
                call.if_none_match.as_deref(),
            ),
            Ok(reply) => reply,
            Err(error) => {
                log::error(&self.ports.host, &error);
                call.route.error_form().reply(&error)
            }
        }
    }

    async fn answer<B: RequestBody + 'static>(
        self: &Rc<Self>,
        call: &ObjectCall,
        mut body: B,
    ) -> Result<ReplyOf<P>, Error> {
        let ObjectCall { user, route, query, .. } = call;
        let ctx = &self.user(user);
        if !route.is_open_during_erasure() {
            self.refuse_during_erasure()?;
        }
        match route {
            UserRoute::Chat => chat::post(self, user, &read(&mut body).await?).await,
            UserRoute::Resume(chat) => chat::resume(self, call, chat).await,
            UserRoute::Stop(chat) => chat::stop(self, user, chat),
            UserRoute::Approvals(chat) => {
                let session = client_id::known_session(chat, ctx).await?.ok_or_else(no_approval)?;
                let request = ApprovalRequest::parse(&read(&mut body).await?, session)?;
                chat::decide(self, user, request).await
            }
            UserRoute::Sessions => sessions::list(self, user, query).await,
            UserRoute::Session(id) => sessions::get(ctx, *id).await,
            UserRoute::UpdateSession(id) => {
                self.write(sessions::update(ctx, *id, &read(&mut body).await?)).await
            }
            UserRoute::DeleteSession(id) => self.write(sessions::delete(self, user, *id)).await,
            UserRoute::Messages(session) => messages::list(ctx, *session, query).await,
            UserRoute::SaveFeedback(id) => {
                self.write(feedback::save(self, user, *id, &read(&mut body).await?)).await
            }
            UserRoute::DeleteFeedback(id) => self.write(feedback::delete(self, user, *id)).await,
            UserRoute::Employees => employees::list(ctx).await,
            UserRoute::Facts => facts::list(ctx).await,
            UserRoute::CorrectFact(fact) => {
                self.write(facts::correct(ctx, *fact, &read(&mut body).await?)).await
            }
            UserRoute::ForgetFact(fact) => self.write(facts::forget(ctx, *fact)).await,
            UserRoute::PendingMemories => import::pending(ctx).await,
            UserRoute::Import => import::post(self, user, body).await,
            UserRoute::Documents => documents::list(ctx).await,
            UserRoute::UploadDocument => {
                let upload = read_from_worker(&mut body, documents::MAX_UPLOAD_JSON_BYTES).await?;
                self.write(documents::upload(self, call, &upload)).await
            }
            UserRoute::Document(id) => documents::get(ctx, *id).await,
            UserRoute::Passages(document) => passages::list(ctx, *document, query).await,
            UserRoute::DeleteDocument(id) => self.write(documents::delete(ctx, *id)).await,
            UserRoute::Files => files::list(ctx).await,
            UserRoute::UploadPicture => {
                let upload = read_from_worker(&mut body, pictures::MAX_CALL_BYTES).await?;
                self.write(pictures::upload(ctx, &upload)).await
            }
            UserRoute::FileLink(file) => files::link(ctx, *file).await,
            UserRoute::DeleteFile(file) => self.write(files::delete(ctx, *file)).await,
            UserRoute::Download(file) => files::download(self, user, *file).await,
            UserRoute::Usage => usage::get(ctx).await,
            UserRoute::ExportUser => export::get(self, user).await,
            UserRoute::EraseUser => me::erase(self, user).await,
            UserRoute::Completions => {
                let limit = completions::MAX_BODY_BYTES;
                let body = read_within(&mut body, limit, completions::too_large).await?;
                completions::post(self, call, &body).await
            }
            UserRoute::Models => completions::models(ctx).await,
            UserRoute::Model(slug) => completions::model(ctx, slug).await,
            UserRoute::Erasure => me::erasure(self),
        }
    }
}
