-- A message can be found once its turn has ended, as in the other store, where that saves an index a step.

ALTER TABLE messages ADD COLUMN findable BIGINT NOT NULL DEFAULT 1;
