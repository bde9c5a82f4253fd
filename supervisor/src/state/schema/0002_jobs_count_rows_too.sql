-- A job's figures are bytes or rows, by its kind.
ALTER TABLE jobs RENAME COLUMN done_bytes TO done;
ALTER TABLE jobs RENAME COLUMN total_bytes TO total;
