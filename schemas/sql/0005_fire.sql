-- The schedule: a fire time gets one run, whichever producer leads when it comes (common/core/cron).
ALTER TABLE run ADD COLUMN fire_at timestamptz; -- the time of the schedule that this run is for; null: somebody asked
CREATE UNIQUE INDEX run_fire ON run (fire_at);
