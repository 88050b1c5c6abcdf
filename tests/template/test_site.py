"""The site: private, over TLS only, and with headers that keep studies' files from acting as the page."""

from template_file import as_list, list_statements, load_template

RESOURCES = load_template()["Resources"]
CONFIG = RESOURCES["SiteDistribution"]["Properties"]["DistributionConfig"]
BEHAVIORS = [CONFIG["DefaultCacheBehavior"], *CONFIG["CacheBehaviors"]]


def headers_policy(name):
    """Return the configuration of a response headers policy."""
    return RESOURCES[name]["Properties"]["ResponseHeadersPolicyConfig"]


def test_bucket_is_private_encrypted_and_survives_the_stack():
    """Given the site's bucket, it is kept because versions of studies refer to its pictures permanently, and
    only the distribution reads it."""
    bucket = RESOURCES["SiteBucket"]
    assert bucket["DeletionPolicy"] == bucket["UpdateReplacePolicy"] == "Retain"
    properties = bucket["Properties"]
    assert set(properties["PublicAccessBlockConfiguration"].values()) == {True}
    assert properties["OwnershipControls"]["Rules"] == [{"ObjectOwnership": "BucketOwnerEnforced"}]
    assert properties["BucketEncryption"]


def test_bucket_is_read_by_this_distribution_only():
    """Given the bucket policy, its condition admits only this distribution, and no other account's
    (CloudFront guide, OAC)."""
    read, tls = RESOURCES["SiteBucketPolicy"]["Properties"]["PolicyDocument"]["Statement"]
    assert (read["Principal"], read["Action"]) == ({"Service": "cloudfront.amazonaws.com"}, "s3:GetObject")
    (arn,) = read["Condition"]["StringEquals"].values()
    assert arn["Fn::Sub"].endswith(":distribution/${SiteDistribution}")
    condition, deny, _ = tls["Fn::If"]
    assert condition == "SiteIsTlsOnly"
    assert (deny["Effect"], deny["Action"]) == ("Deny", "s3:*")
    assert deny["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_viewers_are_led_to_tls_by_default():
    """Given a request without TLS, the page and all its files redirect to https by default."""
    assert load_template()["Parameters"]["SiteProtocolPolicy"]["Default"] == "redirect-to-https"
    assert all(behavior["ViewerProtocolPolicy"] == {"Ref": "SiteProtocolPolicy"} for behavior in BEHAVIORS)


def test_media_have_headers_of_their_own():
    """Given media opened directly, they run no scripts with the page's origin, and PDFs are shown."""
    chosen = {b.get("PathPattern", ""): b["ResponseHeadersPolicyId"]["Ref"] for b in BEHAVIORS}
    assert chosen == {"": "PageHeaders", "/media/*.pdf": "PageHeaders", "/media/*": "MediaHeaders"}
    assert list(chosen).index("/media/*.pdf") < list(chosen).index("/media/*")
    media = headers_policy("MediaHeaders")
    policy = media["SecurityHeadersConfig"]["ContentSecurityPolicy"]["ContentSecurityPolicy"]
    assert policy == "default-src 'none'; style-src 'unsafe-inline'; sandbox"
    assert media["CorsConfig"]["AccessControlAllowOrigins"] == {"Items": ["*"]}
    assert {(h["Header"], h["Value"]) for h in media["CustomHeadersConfig"]["Items"]} == {
        ("Cross-Origin-Resource-Policy", "cross-origin")
    }


def test_page_is_framed_by_itself_only():
    """Given the page, only its own name and the distribution's may frame it, so others cannot overlay it."""
    security = headers_policy("PageHeaders")["SecurityHeadersConfig"]
    _, labelled, other = security["ContentSecurityPolicy"]["ContentSecurityPolicy"]["Fn::If"]
    _, named, plain = other["Fn::If"]
    assert labelled["Fn::Sub"] == "frame-ancestors 'self' https://${SiteLabel}.${RootDomain}"
    assert (named["Fn::Sub"], plain) == ("frame-ancestors 'self' ${SiteUrl}", "frame-ancestors 'self'")
    assert security["ReferrerPolicy"]["ReferrerPolicy"] == "no-referrer"


def test_both_policies_ask_for_tls_and_no_guessing():
    """Given any object in the bucket, its response has Strict-Transport-Security and nosniff."""
    for name in ("PageHeaders", "MediaHeaders"):
        security = headers_policy(name)["SecurityHeadersConfig"]
        assert security["StrictTransportSecurity"] == {"AccessControlMaxAgeSec": 31536000, "Override": True}
        assert security["ContentTypeOptions"] == {"Override": True}


def test_texts_are_compressed_where_they_are_served():
    """Given the page's files, CloudFront compresses them, which needs a cache policy with gzip and Brotli,
    such as CachingOptimized; the API compresses pages."""
    caching_optimized = "658327ea-f89d-4fab-a63d-7e88639e58f6"
    assert [(b["Compress"], b["CachePolicyId"]) for b in BEHAVIORS] == [(True, caching_optimized)] * 3
    assert RESOURCES["Api"]["Properties"]["MinimumCompressionSize"] == 1000


def test_page_is_published_again_when_it_has_changed():
    """Given a changed page, CloudFormation calls the function because a property changed, and does not wait
    for an hour."""
    properties = RESOURCES["SitePage"]["Properties"]
    assert properties["Page"] == {"Ref": "SiteLayer"}
    assert properties["Publisher"] == {"Ref": "HippoLayer"}
    assert {"NextUrl", "PagesUrl"} <= properties.keys()
    function = RESOURCES["PublishSiteFunction"]["Properties"]
    assert function["Timeout"] < int(properties["ServiceTimeout"]) <= 300
    assert RESOURCES["SiteLayer"]["Properties"]["ContentUri"] == "web/"


def test_publisher_of_the_page_cannot_touch_media():
    """Given the publishing function, it cannot change media, which versions in use refer to."""
    denied = [s for s in list_statements("PublishSiteRole") if s["Effect"] == "Deny"]
    (statement,) = denied
    assert sorted(as_list(statement["Action"])) == ["s3:DeleteObject", "s3:PutObject"]
    assert statement["Resource"] == {"Fn::Sub": "${SiteBucket.Arn}/media/*"}
