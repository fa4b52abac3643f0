from django.urls import path

from rewards.api import views

urlpatterns = [
    path("rewards", views.RewardListApi.as_view(), name="api_reward_list"),
    path("rewards/total", views.RewardsTotalApi.as_view(), name="api_rewards_total"),
    path("rewards/<int:pk>", views.RewardDetailApi.as_view(), name="api_reward_detail"),
    path("rewards/<int:pk>/restore", views.RewardRestoreApi.as_view(), name="api_reward_restore"),
    path("rewards/<int:pk>/entries", views.EntryListApi.as_view(), name="api_reward_entries"),
]
