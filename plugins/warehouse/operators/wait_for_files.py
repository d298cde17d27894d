from airflow.providers.amazon.aws.sensors.s3 import S3KeySensor


class WaitForFilesSensor(S3KeySensor):
    def __init__(self, *, bucket, prefix, wait_hours, alert_topic, **kw):
        super().__init__(bucket_key=prefix, bucket_name=bucket, **kw)

    def execute(self, context):
        pass
