//! The settings of services in containers.

use super::fields::Field;

pub const IMAGE_POSTGRES: Field = Field::new(
    "images.postgres",
    "WHISPERENGINE_IMAGE_POSTGRES",
    "an image as registries name it",
    "What the box's own PostgreSQL is made from. With `@sha256:…` only that very image is run; without, the first one \
     that came is the one that is run from then on.",
)
.example("\"docker.io/library/postgres:17\"")
.is("docker.io/library/postgres:17");

pub const IMAGE_REDIS: Field = Field::new(
    "images.redis",
    "WHISPERENGINE_IMAGE_REDIS",
    "an image as registries name it",
    "What the box's own Redis is made from.",
)
.example("\"docker.io/library/redis:8\"")
.is("docker.io/library/redis:8");

pub const GRAPHICS: Field = Field::new(
    "containers.graphics",
    "WHISPERENGINE_CONTAINER_GRAPHICS",
    "one of auto, off",
    "Whether the voice's container gets this machine's graphics cards where the container engine can hand them on. \
     Without one it computes on the processor.",
)
.example("\"off\"")
.is("auto");

pub const POSTGRES_OWN: Field = Field::new(
    "database.postgres.own",
    "WHISPERENGINE_POSTGRES_OWN",
    "true or false",
    "With PostgreSQL: keep it in a container of the box's own, rather than on a server that is named here. True with \
     `docker` as runtime and no server named, and once the Store was moved there on the system page.",
)
.example("true")
.follows("the runtime");
