"""Made-up listening at Sparkify: the logs and the song catalogue as they lie in S3. Same inputs, same bytes."""
