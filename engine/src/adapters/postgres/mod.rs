//! What only PostgreSQL says.
