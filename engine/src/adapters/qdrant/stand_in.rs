//! A Qdrant as far as the index uses one: its real wire, on the client's own server stubs. Tests only.
//!
//! Collections, payload indexes, points, filters of keyword and id conditions, cosine over all points.
//! Whatever else is asked for is refused, so a test cannot pass on what is not there.

use async_trait::async_trait;
use qdrant_client::qdrant::collections_server::{Collections, CollectionsServer};
use qdrant_client::qdrant::condition::ConditionOneOf;
use qdrant_client::qdrant::r#match::MatchValue;
use qdrant_client::qdrant::point_id::PointIdOptions;
use qdrant_client::qdrant::points_selector::PointsSelectorOneOf;
use qdrant_client::qdrant::points_server::{Points, PointsServer};
use qdrant_client::qdrant::value::Kind;
use qdrant_client::qdrant::{
    self, CollectionConfig, CollectionExists, CollectionInfo, CollectionParams, CreateCollection,
    CreateFieldIndexCollection, DeletePoints, Filter, PointStruct, QueryPoints, ScoredPoint, UpsertPoints,
    VectorsConfig, query, vector, vector_input, vectors, vectors_config,
};
use std::collections::{BTreeSet, HashMap};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::runtime::Runtime;
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use tonic::{Request, Response, Status};

/// What the server keeps, over its own restarts too.
#[derive(Clone, Default)]
pub struct Kept(Arc<Mutex<HashMap<String, Collection>>>);

#[derive(Default)]
pub struct Collection {
    pub vectors: Option<VectorsConfig>,
    pub tenant_index: Option<String>,
    pub indexes: BTreeSet<String>,
    pub points: HashMap<String, PointStruct>,
}

impl Kept {
    pub fn lock(&self) -> MutexGuard<'_, HashMap<String, Collection>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Runs on its own threads until dropped, which cuts every connection.
pub struct StandIn {
    pub address: SocketAddr,
    runtime: Option<Runtime>,
}

impl StandIn {
    pub fn start(address: &str, kept: Kept, api_key: Option<&'static str>) -> anyhow::Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        let entered = runtime.enter();
        let incoming = TcpIncoming::bind(address.parse()?)?;
        let address = incoming.local_addr()?;
        drop(entered);
        let check = move |request: Request<()>| {
            let given = request.metadata().get("api-key").and_then(|key| key.to_str().ok());
            if given == api_key {
                Ok(request)
            } else {
                Err(Status::unauthenticated("Must provide an API key"))
            }
        };
        let serve = Server::builder()
            .add_service(CollectionsServer::with_interceptor(kept.clone(), check))
            .add_service(PointsServer::with_interceptor(kept, check))
            .serve_with_incoming(incoming);
        runtime.spawn(serve);
        Ok(Self { address, runtime: Some(runtime) })
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Drop for StandIn {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl Kept {
    fn within<T>(
        &self,
        name: &str,
        act: impl FnOnce(&mut Collection) -> Result<T, Status>,
    ) -> Result<T, Status> {
        let missing = || Status::not_found(format!("Not found: Collection `{name}` doesn't exist!"));
        act(self.lock().get_mut(name).ok_or_else(missing)?)
    }

    fn create(&self, request: CreateCollection) -> Result<(), Status> {
        let mut kept = self.lock();
        if kept.contains_key(&request.collection_name) {
            return Err(Status::invalid_argument("Wrong input: Collection already exists!"));
        }
        let collection = Collection { vectors: request.vectors_config, ..Collection::default() };
        kept.insert(request.collection_name, collection);
        Ok(())
    }

    fn index(&self, request: CreateFieldIndexCollection) -> Result<(), Status> {
        use qdrant_client::qdrant::payload_index_params::IndexParams;
        self.within(&request.collection_name, |collection| {
            let params = request.field_index_params.and_then(|params| params.index_params);
            if let Some(IndexParams::KeywordIndexParams(params)) = params
                && params.is_tenant == Some(true)
            {
                collection.tenant_index = Some(request.field_name.clone());
            }
            collection.indexes.insert(request.field_name);
            Ok(())
        })
    }

    fn upsert(&self, request: UpsertPoints) -> Result<(), Status> {
        self.within(&request.collection_name, |collection| {
            let size = size(collection)?;
            for point in &request.points {
                if dense(point)?.len() as u64 != size {
                    return Err(Status::invalid_argument("Wrong input: Vector dimension error"));
                }
            }
            for point in request.points {
                collection.points.insert(id(&point)?, point);
            }
            Ok(())
        })
    }

    fn delete(&self, request: DeletePoints) -> Result<(), Status> {
        let selected = request.points.and_then(|points| points.points_selector_one_of);
        let Some(PointsSelectorOneOf::Filter(filter)) = selected else {
            return Err(Status::unimplemented("only by filter"));
        };
        self.within(&request.collection_name, |collection| {
            let mut gone = Vec::new();
            for (id, point) in &collection.points {
                if matches(point, &filter)? {
                    gone.push(id.clone());
                }
            }
            for id in gone {
                collection.points.remove(&id);
            }
            Ok(())
        })
    }

    fn query(&self, request: QueryPoints) -> Result<Vec<ScoredPoint>, Status> {
        let Some(query::Variant::Nearest(input)) = request.query.and_then(|query| query.variant) else {
            return Err(Status::unimplemented("only the nearest"));
        };
        let Some(vector_input::Variant::Dense(wanted)) = input.variant else {
            return Err(Status::unimplemented("only dense vectors"));
        };
        let filter = request.filter.unwrap_or_default();
        self.within(&request.collection_name, |collection| {
            let mut found = Vec::new();
            for point in collection.points.values() {
                if matches(point, &filter)? {
                    let score = cosine(&wanted.data, &dense(point)?);
                    found.push(ScoredPoint { id: point.id.clone(), score, ..ScoredPoint::default() });
                }
            }
            found.sort_by(|one, other| other.score.total_cmp(&one.score));
            found.truncate(request.limit.unwrap_or(10) as usize);
            Ok(found)
        })
    }
}

fn size(collection: &Collection) -> Result<u64, Status> {
    match collection.vectors.as_ref().and_then(|vectors| vectors.config.as_ref()) {
        Some(vectors_config::Config::Params(params)) => Ok(params.size),
        _ => Err(Status::unimplemented("only one kind of vector")),
    }
}

fn id(point: &PointStruct) -> Result<String, Status> {
    match point.id.as_ref().and_then(|id| id.point_id_options.as_ref()) {
        Some(PointIdOptions::Uuid(id)) => Ok(id.clone()),
        _ => Err(Status::unimplemented("only UUIDs")),
    }
}

fn dense(point: &PointStruct) -> Result<Vec<f32>, Status> {
    match point.vectors.as_ref().and_then(|vectors| vectors.vectors_options.as_ref()) {
        Some(vectors::VectorsOptions::Vector(one)) => match &one.vector {
            Some(vector::Vector::Dense(dense)) => Ok(dense.data.clone()),
            _ => Err(Status::unimplemented("only dense vectors")),
        },
        _ => Err(Status::unimplemented("only one vector")),
    }
}

/// As Qdrant does it: all in single precision.
fn cosine(one: &[f32], other: &[f32]) -> f32 {
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
    dot(one, other) / (dot(one, one).sqrt() * dot(other, other).sqrt())
}

fn matches(point: &PointStruct, filter: &Filter) -> Result<bool, Status> {
    let Filter { should, must, must_not, min_should } = filter;
    if !should.is_empty() || !must_not.is_empty() || min_should.is_some() {
        return Err(Status::unimplemented("only must"));
    }
    for condition in must {
        let holds = match &condition.condition_one_of {
            Some(ConditionOneOf::HasId(wanted)) => {
                wanted.has_id.iter().any(|id| Some(id) == point.id.as_ref())
            }
            Some(ConditionOneOf::Field(field)) => {
                let wanted = field.r#match.as_ref().and_then(|wanted| wanted.match_value.as_ref());
                let Some(MatchValue::Keyword(wanted)) = wanted else {
                    return Err(Status::unimplemented("only keywords"));
                };
                let has = point.payload.get(&field.key).and_then(|value| value.kind.as_ref());
                matches!(has, Some(Kind::StringValue(has)) if has == wanted)
            }
            _ => return Err(Status::unimplemented("only fields and ids")),
        };
        if !holds {
            return Ok(false);
        }
    }
    Ok(true)
}

/// A service of which some calls are served and all others refused.
macro_rules! serve {
    ($service:ident { $($served:tt)* } refuse { $($name:ident($request:ident) -> $response:ident),+ $(,)? }) => {
        #[async_trait]
        impl $service for Kept {
            $($served)*
            $(async fn $name(
                &self,
                _: Request<qdrant::$request>,
            ) -> Result<Response<qdrant::$response>, Status> {
                Err(Status::unimplemented(stringify!($name)))
            })+
        }
    };
}

serve! {
    Collections {
        async fn collection_exists(
            &self,
            request: Request<qdrant::CollectionExistsRequest>,
        ) -> Result<Response<qdrant::CollectionExistsResponse>, Status> {
            let exists = self.lock().contains_key(&request.into_inner().collection_name);
            let result = Some(CollectionExists { exists });
            Ok(Response::new(qdrant::CollectionExistsResponse { result, ..Default::default() }))
        }

        async fn get(
            &self,
            request: Request<qdrant::GetCollectionInfoRequest>,
        ) -> Result<Response<qdrant::GetCollectionInfoResponse>, Status> {
            let name = request.into_inner().collection_name;
            let vectors_config = self.within(&name, |collection| Ok(collection.vectors.clone()))?;
            let params = Some(CollectionParams { vectors_config, ..Default::default() });
            let config = Some(CollectionConfig { params, ..Default::default() });
            let result = Some(CollectionInfo { config, ..Default::default() });
            Ok(Response::new(qdrant::GetCollectionInfoResponse { result, ..Default::default() }))
        }

        async fn create(
            &self,
            request: Request<CreateCollection>,
        ) -> Result<Response<qdrant::CollectionOperationResponse>, Status> {
            Kept::create(self, request.into_inner())?;
            Ok(Response::new(qdrant::CollectionOperationResponse { result: true, ..Default::default() }))
        }
    }
    refuse {
        list(ListCollectionsRequest) -> ListCollectionsResponse,
        update(UpdateCollection) -> CollectionOperationResponse,
        delete(DeleteCollection) -> CollectionOperationResponse,
        update_aliases(ChangeAliases) -> CollectionOperationResponse,
        list_collection_aliases(ListCollectionAliasesRequest) -> ListAliasesResponse,
        list_aliases(ListAliasesRequest) -> ListAliasesResponse,
        collection_cluster_info(CollectionClusterInfoRequest) -> CollectionClusterInfoResponse,
        update_collection_cluster_setup(UpdateCollectionClusterSetupRequest) -> UpdateCollectionClusterSetupResponse,
        create_shard_key(CreateShardKeyRequest) -> CreateShardKeyResponse,
        delete_shard_key(DeleteShardKeyRequest) -> DeleteShardKeyResponse,
        list_shard_keys(ListShardKeysRequest) -> ListShardKeysResponse,
    }
}

fn done() -> Response<qdrant::PointsOperationResponse> {
    Response::new(qdrant::PointsOperationResponse::default())
}

serve! {
    Points {
        async fn upsert(
            &self,
            request: Request<UpsertPoints>,
        ) -> Result<Response<qdrant::PointsOperationResponse>, Status> {
            Kept::upsert(self, request.into_inner()).map(|()| done())
        }

        async fn delete(
            &self,
            request: Request<DeletePoints>,
        ) -> Result<Response<qdrant::PointsOperationResponse>, Status> {
            Kept::delete(self, request.into_inner()).map(|()| done())
        }

        async fn create_field_index(
            &self,
            request: Request<CreateFieldIndexCollection>,
        ) -> Result<Response<qdrant::PointsOperationResponse>, Status> {
            self.index(request.into_inner()).map(|()| done())
        }

        async fn query(
            &self,
            request: Request<QueryPoints>,
        ) -> Result<Response<qdrant::QueryResponse>, Status> {
            let result = Kept::query(self, request.into_inner())?;
            Ok(Response::new(qdrant::QueryResponse { result, ..Default::default() }))
        }
    }
    refuse {
        get(GetPoints) -> GetResponse,
        update_vectors(UpdatePointVectors) -> PointsOperationResponse,
        delete_vectors(DeletePointVectors) -> PointsOperationResponse,
        set_payload(SetPayloadPoints) -> PointsOperationResponse,
        overwrite_payload(SetPayloadPoints) -> PointsOperationResponse,
        delete_payload(DeletePayloadPoints) -> PointsOperationResponse,
        clear_payload(ClearPayloadPoints) -> PointsOperationResponse,
        delete_field_index(DeleteFieldIndexCollection) -> PointsOperationResponse,
        create_vector_name(CreateVectorNameRequest) -> PointsOperationResponse,
        delete_vector_name(DeleteVectorNameRequest) -> PointsOperationResponse,
        search(SearchPoints) -> SearchResponse,
        search_batch(SearchBatchPoints) -> SearchBatchResponse,
        search_groups(SearchPointGroups) -> SearchGroupsResponse,
        scroll(ScrollPoints) -> ScrollResponse,
        recommend(RecommendPoints) -> RecommendResponse,
        recommend_batch(RecommendBatchPoints) -> RecommendBatchResponse,
        recommend_groups(RecommendPointGroups) -> RecommendGroupsResponse,
        discover(DiscoverPoints) -> DiscoverResponse,
        discover_batch(DiscoverBatchPoints) -> DiscoverBatchResponse,
        count(CountPoints) -> CountResponse,
        update_batch(UpdateBatchPoints) -> UpdateBatchResponse,
        query_batch(QueryBatchPoints) -> QueryBatchResponse,
        query_groups(QueryPointGroups) -> QueryGroupsResponse,
        facet(FacetCounts) -> FacetResponse,
        search_matrix_pairs(SearchMatrixPoints) -> SearchMatrixPairsResponse,
        search_matrix_offsets(SearchMatrixPoints) -> SearchMatrixOffsetsResponse,
    }
}
