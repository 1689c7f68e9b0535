-- wrk -s saves.lua URL -- TABLE FIRST_VERSION: answers with rising versions, one question of the table after another.
-- A line of TABLE: PATH COOKIE
local rows, at, version = {}, 0, 0

function init(args)
  version = tonumber(args[2])
  for line in io.lines(args[1]) do
    local path, cookie = line:match("(%S+) (%S+)")
    rows[#rows + 1] = {path, {["Content-Type"] = "application/json", ["Cookie"] = cookie}}
  end
end

function request()
  at = at + 1
  if at > #rows then
    at = 1
    version = version + 1
  end
  local row = rows[at]
  local body = string.format('{"value":%d,"version":%d,"response_time_ms":1234}', version % 2, version)
  return wrk.format("PUT", row[1], row[2], body)
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    'RESULT {"requests":%d,"seconds":%f,"p50":%f,"p99":%f,"most":%f,"failed":%d}\n',
    summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3,
    latency.max / 1e3, errors.connect + errors.read + errors.write + errors.status + errors.timeout))
end
