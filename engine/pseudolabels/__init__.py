"""Labels where the model is right: sure, away from borders, and measured on answers that it did not learn from.

Arrays only: what the model says, where a border may be and what people answered come from a job.
"""
