"""One line of the protocol changed: each of these is a mistake that looks harmless."""

from __future__ import annotations

from enum import Enum


class Slip(Enum):
    """A mistake, in the words of whoever makes it."""

    MARKER_BEFORE_FENCE = "read the progress first, then call init_transactions"
    NO_CATCH_UP = "publish only the batch at hand"
    MARKER_PER_BATCH = "write the marker with the last chunk of a batch"
    COMMIT_AGAIN = "a commit without an answer: begin the transaction anew, same process"
    SKIP_BY_BATCH_ID = "a batch number that is sealed needs no look at its offsets"
    EMPTY_MEANS_NEW = "an empty progress topic: nothing was published yet"
    EMPTY_MEANS_DONE = "an empty progress topic: all was published already"
    NO_FIRST_MARKER = "the first marker comes with the first chunk"
    PLAIN_AND_FLAG = "plain writes, then a flag in the table"
    WAKE_ASKS_FIRST = "wake only for campaigns that are known to run"
    WAKE_NOTES_FIRST = "note the change as told, then send the wake-up"
    CANCEL_READ_EARLY = "read the cancellation together with the audience"
    ANSWER_TOO_SOON = "a person looks at the output while a transaction is open"
    ANSWER_KEPT = "a relaunch takes the person's answer about an earlier topic again"
    NO_EPOCH = "the offsets check is enough, leave the epoch out"
