-- wrk -s captures.lua URL -- TABLE PICTURE DIGEST PREFIX: a picture again and again, each time under a new id.
-- A line of TABLE: PATH COOKIE. PREFIX: 8 hexadecimal digits, new for each run.
local rows, at, picture, prefix = {}, 0, "", ""

function init(args)
  local file = io.open(args[2], "rb")
  picture = file:read("*a")
  file:close()
  prefix = args[4]
  for line in io.lines(args[1]) do
    local path, cookie = line:match("(%S+) (%S+)")
    local headers = {["Content-Type"] = "image/jpeg", ["Cookie"] = cookie}
    headers["Content-Digest"] = "sha-256=:" .. args[3] .. ":"
    rows[#rows + 1] = {path, headers}
  end
end

function request()
  at = at + 1
  local row = rows[at % #rows + 1]
  return wrk.format("PUT", string.format("%s/%s-0000-7000-8000-%012x", row[1], prefix, at), row[2], picture)
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    'RESULT {"requests":%d,"seconds":%f,"p50":%f,"p99":%f,"most":%f,"failed":%d}\n',
    summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3,
    latency.max / 1e3, errors.connect + errors.read + errors.write + errors.status + errors.timeout))
end
