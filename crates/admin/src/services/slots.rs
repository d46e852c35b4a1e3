//! Who owns which slot.

use tonic::{Request, Response, Status};

use super::Updates;
use crate::api::Api;
use crate::node::{Edit, SlotChange};
use crate::proto::slot_service_server::SlotService;
use crate::proto::{EditOptions, SlotAction};
use crate::{convert, plan, proto};

#[tonic::async_trait]
impl SlotService for Api {
    type ApplyStream = Updates<proto::ApplyResponse>;

    async fn add_slots(
        &self,
        request: Request<proto::AddSlotsRequest>,
    ) -> Result<Response<proto::AddSlotsResponse>, Status> {
        let request = request.into_inner();
        let edit = Edit::AddSlots(convert::slot_ranges("slots", &request.slots)?);
        let work = self.edit_slots(request.options.clone(), edit);
        let work = async move { work.await.map(|revision| proto::AddSlotsResponse { revision: Some(revision) }) };
        self.once("AddSlots", request.options.as_ref(), &request, work).await.map(Response::new)
    }

    async fn del_slots(
        &self,
        request: Request<proto::DelSlotsRequest>,
    ) -> Result<Response<proto::DelSlotsResponse>, Status> {
        let request = request.into_inner();
        let edit = Edit::DelSlots(convert::slot_ranges("slots", &request.slots)?);
        let work = self.edit_slots(request.options.clone(), edit);
        let work = async move { work.await.map(|revision| proto::DelSlotsResponse { revision: Some(revision) }) };
        self.once("DelSlots", request.options.as_ref(), &request, work).await.map(Response::new)
    }

    async fn flush_slots(
        &self,
        request: Request<proto::FlushSlotsRequest>,
    ) -> Result<Response<proto::FlushSlotsResponse>, Status> {
        let request = request.into_inner();
        let work = self.edit_slots(request.options.clone(), Edit::FlushSlots);
        let work = async move { work.await.map(|revision| proto::FlushSlotsResponse { revision: Some(revision) }) };
        self.once("FlushSlots", request.options.as_ref(), &request, work).await.map(Response::new)
    }

    async fn set_slot(
        &self,
        request: Request<proto::SetSlotRequest>,
    ) -> Result<Response<proto::SetSlotResponse>, Status> {
        let request = request.into_inner();
        let slot = convert::slot(request.slot);
        let slot = slot.ok_or_else(|| Status::invalid_argument(format!("slot: {} is above 16383", request.slot)))?;
        let work = self.edit_slots(request.options.clone(), Edit::SetSlots(vec![slot], change(&request)?));
        let work = async move { work.await.map(|revision| proto::SetSlotResponse { revision: Some(revision) }) };
        self.once("SetSlot", request.options.as_ref(), &request, work).await.map(Response::new)
    }

    async fn plan(&self, request: Request<proto::PlanRequest>) -> Result<Response<proto::PlanResponse>, Status> {
        let view = self.node.view();
        self.journal.note(&view);
        let steps = plan::plan(&view, request.into_inner().layout.as_ref())?;
        let steps = steps.iter().map(plan::Step::shown).collect();
        let revision = Some(self.journal.revision(view.version));
        Ok(Response::new(proto::PlanResponse { revision, steps }))
    }

    async fn apply(&self, request: Request<proto::ApplyRequest>) -> Result<Response<Self::ApplyStream>, Status> {
        self.begin_apply(&request.into_inner()).map(Response::new)
    }
}

impl Api {
    fn edit_slots(
        &self,
        options: Option<EditOptions>,
        edit: Edit,
    ) -> impl Future<Output = Result<proto::Revision, Status>> + Send + 'static {
        let api = self.clone();
        async move {
            api.edit(options.as_ref(), edit).await?;
            Ok(api.revision())
        }
    }
}

fn change(request: &proto::SetSlotRequest) -> Result<SlotChange, Status> {
    let peer = || convert::node_id("node_id", &request.node_id);
    match request.action() {
        SlotAction::Migrating => peer().map(SlotChange::Migrating),
        SlotAction::Importing => peer().map(SlotChange::Importing),
        SlotAction::Node => peer().map(SlotChange::Owner),
        SlotAction::Stable if request.node_id.is_empty() => Ok(SlotChange::Stable),
        SlotAction::Stable => Err(Status::invalid_argument("node_id: STABLE takes none")),
        SlotAction::Unspecified => Err(Status::invalid_argument("action: say what becomes of the slot")),
    }
}
