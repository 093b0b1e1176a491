"""One rate of calls for all processes together, kept in Redis.

Owns the counting. Knows nothing of what is called. A process asks before each call and waits its turn; turns are handed
out evenly (generic cell rate: each call moves a theoretical arrival time on by one interval), with a burst at first.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import RedisError

from cvmatcher.domain import OutOfQuota

log = logging.getLogger(__name__)

# KEYS[1]: the time (µs, Redis' clock) at which the next call would come if all came evenly.
# ARGV: interval (µs), how far ahead of the even pace one may be (µs), longest wait (µs). Returns the wait in µs;
# when it is longer than the longest wait, nothing is taken.
_TAKE = """
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local arrival = math.max(tonumber(redis.call('GET', KEYS[1]) or now), now)
local wait = math.max(arrival - ARGV[2] - now, 0)
if wait <= tonumber(ARGV[3]) then
  arrival = arrival + ARGV[1]
  redis.call('SET', KEYS[1], string.format('%.0f', arrival), 'PX', math.ceil((arrival - now) / 1000) + 1000)
end
return string.format('%.0f', wait)
"""


# ARGV: pause (µs), how far ahead of the even pace one may be (µs). The next call of anybody comes after the pause.
_PAUSE = """
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local arrival = math.max(tonumber(redis.call('GET', KEYS[1]) or now), now + ARGV[1] + ARGV[2])
redis.call('SET', KEYS[1], string.format('%.0f', arrival), 'PX', math.ceil((arrival - now) / 1000) + 1000)
"""
LONGEST_PAUSE = 3600.0


class CallQuota:
    """Await it before a call. At most `per_minute` calls a minute, up to `burst` of them at once.

    Raises OutOfQuota (`retry_after`) when the turn would come later than `longest_wait` seconds from now. With Redis
    away it lets calls pass: the vendor's own limit then holds, and a search does not stop for want of a counter.
    """

    def __init__(
        self, redis: Redis, *, name: str, per_minute: int, burst: int | None = None, longest_wait: float = 10.0
    ) -> None:
        self._take, self._pause = redis.register_script(_TAKE), redis.register_script(_PAUSE)
        self._key = f"quota:{name}"
        self._interval = 60_000_000 / per_minute
        self._ahead = self._interval * ((burst or max(per_minute // 6, 1)) - 1)
        self._longest_wait = longest_wait

    async def __call__(self) -> None:
        arguments = [f"{us:.0f}" for us in (self._interval, self._ahead, self._longest_wait * 1_000_000)]
        try:
            answer: Any = await self._take(keys=[self._key], args=arguments)
        except (RedisError, OSError) as error:
            log.warning("quota not counted: Redis is away (%s)", type(error).__name__)
            return
        wait = float(answer) / 1_000_000
        if wait > self._longest_wait:
            raise OutOfQuota("the calls of this minute are used up", retry_after=wait)
        if wait:
            await asyncio.sleep(wait)

    async def pause(self, seconds: float) -> None:
        """The vendor has refused: no process calls for so long. A shorter pause than one under way changes nothing."""
        arguments = [f"{us:.0f}" for us in (min(seconds, LONGEST_PAUSE) * 1_000_000, self._ahead)]
        try:
            await self._pause(keys=[self._key], args=arguments)
        except (RedisError, OSError) as error:
            log.warning("pause not shared: Redis is away (%s)", type(error).__name__)
