"""Code that runs only inside the guarded child process: it sees strangers' files, and may hang, grow or crash.

Nothing outside imports these modules; `cvmatcher.guard` names their functions. They must know neither settings nor
servers: the child has no environment, no secret and no reason to open a connection.
"""
