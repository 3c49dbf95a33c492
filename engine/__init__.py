"""The engine: trains, distills, segments, suggests; `ls` is its table of contents."""
